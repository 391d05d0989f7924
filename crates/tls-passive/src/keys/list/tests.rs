use proptest::prelude::*;

use super::*;

fn read(text: &str) -> (Vec<ListRow>, Vec<String>) {
    let (rows, faults) = parse(text.as_bytes(), Path::new("dir/keys.list"));
    (rows, faults.iter().map(ToString::to_string).collect())
}

/// `ip,port,proto,path,password` of each row of a list without faults.
fn good(text: &str) -> Vec<String> {
    let (rows, faults) = read(text);
    assert_eq!(faults, Vec::<String>::new(), "{text}");
    rows.iter().map(summary).collect()
}

fn summary(row: &ListRow) -> String {
    let address = match &row.row.address {
        AddressPattern::Net { address, prefix } => format!("{address}/{prefix}"),
        other => format!("{other:?}"),
    };
    let port = match row.row.port {
        PortPattern::Range { first, last } => format!("{first}-{last}"),
        other => format!("{other:?}"),
    };
    let password = row.password.as_deref().map_or(&b""[..], Vec::as_slice);
    let password = String::from_utf8_lossy(password);
    format!("{address},{port},{},{},{password}", row.row.protocol, row.path.display())
}

#[test]
fn plain_lines_are_read_with_comments_blanks_crlf_and_a_byte_order_mark() {
    let list = "\u{feff}# keys\r\n\r\n192.0.2.1, 587, smtp, a.key\r\n  any,start_tls,smtp,/abs/b.key,pw # x\r\n";
    assert_eq!(
        good(list),
        ["192.0.2.1/32,587-587,smtp,dir/a.key,", "Any,StartTls,smtp,/abs/b.key,pw"]
    );
    let sources: Vec<_> = read(list).0.iter().map(|row| row.row.source.clone()).collect();
    assert_eq!(sources, ["dir/keys.list:3", "dir/keys.list:4"]);
}

#[test]
fn the_preference_string_is_read_with_or_without_its_name() {
    let rows = ["192.0.2.1/32,465-465,smtp,/a.pem,", "192.0.2.2/32,Any,http,/b.pem,p,w"];
    assert_eq!(good("192.0.2.1,465,smtp,/a.pem;192.0.2.2,,http,/b.pem,p,w"), rows);
    assert_eq!(good("ssl.keys_list: 192.0.2.1,465,smtp,/a.pem;192.0.2.2,,http,/b.pem,p,w;"), rows);
}

#[test]
fn uat_rows_are_read_with_escapes_and_hexadecimal() {
    assert_eq!(
        good(r#""any","25","smtp","/k\x22\\ey.pem","p\,w" , "extra""#),
        [r#"Any,25-25,smtp,/k"\ey.pem,p,w"#]
    );
    assert_eq!(good(r#""any",587,"smtp",2f6b"#), ["Any,587-587,smtp,/k,"]);
    assert_eq!(good(r#""any",2525,"smtp","/k""#), ["Any,2525-2525,smtp,/k,"], "`%%` is no port");
    assert_eq!(good(r#""any",3235,"smtp","/k""#), ["Any,25-25,smtp,/k,"]);
    assert_eq!(good("any,3235,smtp,2f6b"), ["Any,3235-3235,smtp,dir/2f6b,"]);
}

#[test]
fn rows_of_rsa_keys_are_for_any_server() {
    assert_eq!(good(r#""/k.pem","secret""#), ["Any,Any,,/k.pem,secret"]);
    assert_eq!(good(r#"uat:rsa_keys:"k.pem","""#), ["Any,Any,,dir/k.pem,"]);
}

#[test]
fn unknown_protocols_and_host_names_still_load_the_key() {
    let (rows, faults) = read("mail.example.org,587,gopher,k.pem");
    assert!(faults.is_empty());
    assert_eq!(rows[0].row.address, AddressPattern::Name("mail.example.org".into()));
    assert!(rows[0].remark.as_deref().unwrap().contains("mail.example.org is not resolved"));
}

#[test]
fn every_fault_of_a_list_is_told_with_its_place() {
    let (rows, faults) = read(
        "10.0.0.256,58x,smtp,k\n\nany,25,smtp,ok\n127.0.0.1,587\n  ümlaut!,25,smtp,k;any,25,smtp,\n\"a\",\"b\nany,1,x,pkcs11:id=1\n",
    );
    assert_eq!(rows.len(), 1);
    let places = ["1:1", "1:12", "4:1", "5:3", "5:33", "6:5", "7:9"];
    assert_eq!(faults.len(), places.len(), "{faults:#?}");
    for (fault, place) in faults.iter().zip(places) {
        assert!(fault.starts_with(&format!("dir/keys.list:{place}: ")), "{fault} at {place}");
    }
    assert_eq!(
        faults[1],
        "dir/keys.list:1:12: no port: not a number from 0 to 65535, a range or a wildcard"
    );
    assert_eq!(
        faults[2],
        "dir/keys.list:4:1: a row of 2 field(s) where `ip,port,proto,path` needs four"
    );
}

#[test]
fn other_files_given_as_a_list_are_recognised() {
    for (text, expected) in [
        (&b"\n-----BEGIN PRIVATE KEY-----\nMII=\n"[..], "keys.list:2: a PEM file, not a key list"),
        (b"CLIENT_RANDOM 00 11\n", "keys.list:1: a key log, not a key list"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "keys.list: not a key list: the file is binary"),
        (b"\xff\xfea\x00", "keys.list: the file is UTF-16 text"),
    ] {
        let (rows, faults) = parse(text, Path::new("keys.list"));
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert!(rows.is_empty());
        assert_eq!(faults, [expected]);
    }
}

#[test]
fn a_file_of_nonsense_gives_up_after_many_faults() {
    let (_, faults) = read(&"nonsense\n".repeat(5000));
    assert_eq!(faults.len(), MAX_FAULTS + 1);
    assert!(faults.last().unwrap().contains(":1000: too many faulty rows"));
}

#[test]
fn no_message_shows_a_password() {
    let (_, faults) = read(
        "\"10.0.0.256\",\"x\",\"smtp\",\"k\",\"hunter2\"\nk.pem,hunter2\n10.0.0.1,25,hunter2\n",
    );
    assert_eq!(faults.len(), 4);
    assert!(!faults.concat().contains("hunter2"));
}

proptest! {
    #[test]
    fn no_bytes_make_the_list_reader_panic(text in any::<Vec<u8>>()) {
        let _ = parse(&text, Path::new("keys.list"));
    }

    #[test]
    fn no_text_of_delicate_characters_makes_it_panic(text in "[\"\\\\,;#\n x0-9a-fé:./-]{0,80}") {
        let _ = parse(text.as_bytes(), Path::new("keys.list"));
    }

    #[test]
    fn plain_rows_round_trip(port in 1_u16.., path in "[a-z#./]{1,20}", password in "[a-z,#\"]{0,9}") {
        let (rows, faults) = read(&format!("192.0.2.1,{port},smtp,/{path},{password}x"));
        prop_assume!(!password.starts_with(['"', '#']));
        prop_assert!(faults.is_empty());
        prop_assert_eq!(summary(&rows[0]), format!("192.0.2.1/32,{port}-{port},smtp,/{path},{password}x"));
    }
}
