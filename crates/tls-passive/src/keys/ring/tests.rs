use std::fmt::Write as _;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::keys::RawError;

/// `openssl pkey -in rsa1024.pem -pubout -outform der | sha256sum`, and so on (`generate.sh`).
const SPKI: [(&str, &str); 4] = [
    ("rsa1024.pem", "d78d6eed994bc53c66b0b3b8be5a142190ff5dcfe538ae1907d60b016be1445b"),
    ("rsa512.pem", "bcb0a90c295ffd579a08082a83b047db75559ec84aa9333eaccd1ad7a78e5ecc"),
    ("rsa1031.pem", "bb381776300244159c8b0dba079006610798602f87c4eb914cfa02a4a4287607"),
    ("multiprime1024.pem", "343cfbffda7c1fe89c338297d04ed14acb7fd614c5d2e40769292a3ab574b212"),
];

/// The modulus of rsa1024.
const MODULUS: &str = "a086ccbbbd057c42b1255f4f116e0fbc17654cccce963765e5359c318d584401303737df7ea14cdaadf5a7f447447cae5d7b1d065c7f1afb5d4f164bdc83447e2b6cd555f59f092765ee8d2a88af99482b894cd78c801ed48e3fa108469cf5e223067871ea3a6cf4e384f5bbf320f1f4ccdf04f4a95ffd563d6b208230534c93";

/// How the private exponent of rsa1024 begins.
const PRIVATE_EXPONENT: &str = "791bba3299b51dbea32f72ec9055dd01";

/// A premaster secret in good PKCS#1 v1.5 padding, under rsa1024 (`openssl pkeyutl -encrypt
/// -pkeyopt rsa_padding_mode:none`).
const GOOD_PLAIN: &str = "0002a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a50003035a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
const GOOD_CIPHER: &str = "95a346a4677fa18723cc5ff6d96090b288b893109e9fa4fc4adc42d655cb30f83752f144a4ca6f153956b02e924899e2faf5144e5bd4ef87596a7ac4029f7d60a3fd6e324e72ffa05823487be85d964d563ee3691928b8bd7bac4df055df9108070dddbe6bf70fc9d50080763b2af210686df843cf55c46788ed5a5fc91c3c5c";

/// A block that no padding begins like.
const BAD_PLAIN: &str = "7fff111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111";
const BAD_CIPHER: &str = "19298e4e0ec6772c13b49f33454e33fa6b1ef3ca6dfe7869a2d3bad90762eb7784239d604ef390ae673bc56b4186f3b33a81eed4de50be583de91156358663a54925c64a1b2735aad20ee025fb822ccb8d196b5347cbb4dde1d57146ea9d8540f155a1e4dd3680bdad6126a889f5191705c207d2c859aca26cd8f1e451aa677e";

fn test_key(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "src/keys/testkeys", name].iter().collect()
}

fn ring_of(name: &str) -> KeyRing {
    sound(&[KeySource::KeyFile(test_key(name))])
}

/// The ring of sources that have no fault.
fn sound(sources: &[KeySource]) -> KeyRing {
    let (ring, errors) = KeyRing::load(sources);
    assert!(errors.is_empty(), "{errors:#?}");
    ring
}

/// A folder with the test keys `names` and a `keys.list` of `list`.
fn folder(names: &[&str], list: &str) -> (TempDir, KeySource) {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::copy(test_key(name), folder.path().join(name)).unwrap();
    }
    let path = folder.path().join("keys.list");
    fs::write(&path, list).unwrap();
    (folder, KeySource::List(path))
}

fn load(names: &[&str], list: &str) -> KeyRing {
    let (_folder, source) = folder(names, list);
    sound(&[source])
}

fn ids(ring: &KeyRing, ip: &str, port: u16) -> Vec<usize> {
    ring.by_address(ip.parse().unwrap(), port).map(|id| id.0).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[test]
fn the_identity_of_a_key_is_what_openssl_says() {
    for (name, expected) in SPKI {
        let ring = ring_of(name);
        let identity = ring.keys()[0].identity();
        assert_eq!(hex(&identity.spki_sha256), expected, "{name}");
        assert!(identity.source.starts_with("--key ") && identity.source.ends_with(name));
    }
    assert_eq!(ring_of("rsa1031.pem").keys()[0].identity().bits, 1031);
    assert_eq!(ring_of("rsa1031.pem").keys()[0].modulus_len(), 129);
}

#[test]
fn the_raw_operation_returns_the_block_whatever_its_padding() {
    let ring = ring_of("rsa1024.pem");
    for (cipher, plain) in [(GOOD_CIPHER, GOOD_PLAIN), (BAD_CIPHER, BAD_PLAIN)] {
        assert_eq!(hex(&ring.keys()[0].raw_decrypt(&unhex(cipher)).unwrap()), plain);
    }
}

#[test]
fn many_raw_operations_at_once_return_the_same_blocks_with_any_engine() {
    let ciphers = [GOOD_CIPHER, BAD_CIPHER, MODULUS].map(unhex);
    let requests = ciphers.each_ref().map(|cipher| (KeyId(0), cipher.as_slice()));
    for name in ["auto", "ifma", "avx2", "portable", "reference"] {
        let Ok(engine) = name.parse() else {
            eprintln!("SKIPPED: this processor has no {name}");
            continue;
        };
        let ring = ring_of("rsa1024.pem").with_rsa_engine(engine);
        let answers = ring.raw_decrypt_batch(&requests);
        assert_eq!(hex(answers[0].as_ref().unwrap()), GOOD_PLAIN, "{name}");
        assert_eq!(hex(answers[1].as_ref().unwrap()), BAD_PLAIN, "{name}");
        assert_eq!(answers[2], Err(RawError::OutOfRange), "{name}");
        assert_eq!(hex(&ring.keys()[0].raw_decrypt(&ciphers[0]).unwrap()), GOOD_PLAIN, "{name}");
    }
}

#[test]
fn the_raw_operation_refuses_what_is_not_below_the_modulus_or_not_as_long() {
    let ring = ring_of("rsa1024.pem");
    let key = &ring.keys()[0];
    assert_eq!(key.raw_decrypt(&unhex(MODULUS)), Err(RawError::OutOfRange));
    assert_eq!(key.raw_decrypt(&[0xff; 128]), Err(RawError::OutOfRange));
    for actual in [0, 127, 129] {
        let error = RawError::WrongLength { expected: 128, actual };
        assert_eq!(key.raw_decrypt(&vec![0; actual]), Err(error));
    }
    assert_eq!(key.raw_decrypt(&[0; 128]).unwrap().as_slice(), [0; 128]);
}

#[test]
fn odd_lengths_and_three_primes_decrypt_as_well() {
    use rsa::traits::PublicKeyParts as _;
    for (name, _) in SPKI {
        let read = file::load(&test_key(name), Passwords::default().behind(None)).unwrap();
        let public = read.keys[0].to_public_key();
        let number = rsa::BoxedUint::from_be_slice(&[7; 50], public.n_bits_precision()).unwrap();
        let cipher = rsa::hazmat::rsa_encrypt(&public, &number).unwrap().to_be_bytes();
        let ring = ring_of(name);
        let key = &ring.keys()[0];
        let cipher = &cipher[cipher.len() - key.modulus_len()..];
        let plain = key.raw_decrypt(cipher).unwrap();
        let (zeros, rest) = plain.split_at(key.modulus_len() - 50);
        assert!(zeros.iter().all(|&b| b == 0) && rest == [7; 50], "{name}");
    }
}

#[test]
fn a_key_is_found_by_its_public_key_with_or_without_leading_zeros() {
    let ring =
        load(&["rsa1024.pem", "rsa512.pem"], "any,25,smtp,rsa512.pem;any,26,smtp,rsa1024.pem");
    let modulus = unhex(MODULUS);
    let padded = [&[0, 0], &modulus[..]].concat();
    assert_eq!(ring.by_public_key(&modulus, &[1, 0, 1]), Some(KeyId(1)));
    assert_eq!(ring.by_public_key(&padded, &[0, 1, 0, 1]), Some(KeyId(1)));
    assert_eq!(ring.by_public_key(&modulus, &[3]), None);
    assert_eq!(ring.by_public_key(&[], &[]), None);
}

#[test]
fn the_same_key_from_two_rows_or_files_is_one_key() {
    let list = "any,25,smtp,rsa1024.pem\nany,26,smtp,rsa512.pem\n\nany,27,smtp,rsa1024.pem\nany,28,smtp,rsa1024.pkcs1.der\n";
    let ring = load(&["rsa1024.pem", "rsa1024.pkcs1.der", "rsa512.pem"], list);
    let [key, other] = ring.keys() else { panic!("{ring:?}") };
    assert_eq!(key.rows().len(), 3);
    let identity = key.identity();
    assert!(identity.source.ends_with("keys.list:1") && identity.path.ends_with("rsa1024.pem"));
    let note = identity.note.as_deref().unwrap();
    assert!(
        note.starts_with("also ")
            && note.contains("keys.list:4, ")
            && note.ends_with("keys.list:5")
    );
    assert_eq!(other.identity().note, None);
}

#[test]
fn a_key_of_many_rows_keeps_a_short_note() {
    let ring = load(&["rsa512.pem"], &"any,25,smtp,rsa512.pem\n".repeat(400));
    let note = ring.keys()[0].identity().note.clone().unwrap();
    assert_eq!(ring.keys()[0].rows().len(), 400);
    assert!(note.ends_with("keys.list:6 and 394 more"), "{note}");
}

#[test]
fn the_most_specific_rows_come_first() {
    let list = "any,start_tls,smtp,rsa512.pem\n192.0.2.0/24,any,smtp,rsa1031.pem\n192.0.2.1,587,smtp,rsa1024.pem\n2001:db8::1,any,smtp,multiprime1024.pem\n";
    let ring = load(&SPKI.map(|(name, _)| name), list);
    assert_eq!(ids(&ring, "192.0.2.1", 587), [2, 1, 0]);
    assert_eq!(ids(&ring, "192.0.2.1", 25), [1, 0]);
    assert_eq!(ids(&ring, "2001:db8::1", 25), [3, 0]);
    assert_eq!(ids(&ring, "198.51.100.1", 25), [0]);
}

#[test]
fn only_explicit_rows_name_a_server() {
    let ring = load(&["rsa512.pem"], "any,any,smtp,rsa512.pem\nany,587,smtp,rsa512.pem\n");
    let ip: IpAddr = "192.0.2.1".parse().unwrap();
    assert!(ring.names(ip, 587) && !ring.names(ip, 25));
    let naming: Vec<_> = ring.rows_naming(ip, 587).map(|(row, id)| (row.port, id)).collect();
    assert_eq!(naming, [(crate::keys::PortPattern::parse("587").unwrap(), KeyId(0))]);
    assert!(!ring_of("rsa512.pem").names(ip, 587));
    assert!(KeyRing::new().is_empty());
}

#[test]
fn remarks_of_rows_and_files_become_notes() {
    let ring = load(&["rsa512.pem"], "mx.example,25,smtp,rsa512.pem");
    let note = ring.keys()[0].identity().note.clone().unwrap();
    assert_eq!(note, "host name mx.example is not resolved: the row fits no address");
    assert_eq!(ids(&ring, "192.0.2.1", 25), Vec::<usize>::new());
}

#[test]
fn all_errors_of_all_sources_are_told() {
    let (_folder, list) =
        folder(&["ec.pem"], "any,25,smtp,ec.pem\nany,25x,smtp,k\nany,25,smtp,gone.pem\n");
    let missing = KeySource::List("no/keys.list".into());
    let errors = KeyRing::load(&[list, missing, KeySource::KeyFile(test_key("ec.pem"))]).1;
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 5, "{errors:#?}");
    assert!(errors[1].contains("keys.list:2:5: no port"));
    assert!(
        errors[0].contains("keys.list:1:13: ") && errors[0].contains("ec.pem:1: an EC key cannot")
    );
    assert!(
        errors[2]
            .contains("keys.list:3:13: the file that this column names cannot be read: No such")
    );
    assert!(errors[3].starts_with("no/keys.list: cannot be read"));
    assert!(errors[4].ends_with("testkeys/ec.pem:1: an EC key cannot decrypt any key exchange"));
}

#[test]
fn a_password_of_the_row_of_a_file_or_of_a_pfx_row_opens_the_key() {
    let names = ["rsa1024.encrypted.pem", "rsa1024.p12"];
    for list in [
        "any,25,smtp,rsa1024.encrypted.pem,secret",
        "\"rsa1024.p12\",\"secret\"",
        "any,25,smtp,rsa1024.p12,secret\nany,26,smtp,rsa1024.encrypted.pem,secret",
    ] {
        assert_eq!(load(&names, list).keys().len(), 1, "{list}");
    }
    let (folder, list) =
        folder(&names, "any,25,smtp,rsa1024.p12\nany,25,smtp,rsa1024.encrypted.pem");
    let passwords = folder.path().join("passwords");
    fs::write(&passwords, "wrong\nsecret\n").unwrap();
    // The passwords come last, and count nevertheless.
    assert_eq!(sound(&[list, KeySource::PasswordFile(passwords)]).keys().len(), 1);
}

#[test]
fn a_wrong_password_is_located_where_it_stands_and_not_repeated() {
    let list = "any,25,smtp,rsa1024.encrypted.pem,hunter2\nany,25,smtp,rsa1024.p12\n";
    let (_folder, source) = folder(&["rsa1024.encrypted.pem", "rsa1024.p12"], list);
    let errors = KeyRing::load(&[source, KeySource::PasswordVariable("NO_SUCH_VARIABLE")]).1;
    let [wrong, missing] = &errors[..] else { panic!("{errors:#?}") };
    let text = wrong.to_string();
    assert!(text.contains("keys.list:1:35: ") && text.contains("rsa1024.encrypted.pem:1: "));
    assert!(text.ends_with("encrypted key: the password is wrong, or the file is damaged"));
    assert!(!format!("{wrong:?}{}", wrong.hint()).contains("hunter2"));
    assert!(missing.to_string().contains("keys.list:2:13: "));
    assert!(missing.to_string().ends_with("encrypted key: no password was given"));
    assert!(missing.hint().contains("--password-file"));
}

#[test]
fn key_logs_are_loaded_beside_keys_and_more_can_be_added() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.log");
    fs::write(&path, format!("CLIENT_RANDOM {} {}\nRSA x\n", "ab".repeat(32), "cd".repeat(48)))
        .unwrap();
    let missing = KeySource::KeyLog("no/such.log".into());
    let (ring, errors) = KeyRing::load(&[KeySource::KeyLog(path), missing]);
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(errors[0].to_string().contains("k.log:2:5: "));
    assert!(errors[1].to_string().starts_with("no/such.log: cannot be read"));
    assert!(ring.is_empty() && ring.keylog().read().unwrap().has_random(&[0xab; 32]));
    assert!(!format!("{ring:?}").contains("cdcd"));

    let ring = KeyRing::new();
    assert!(ring.keylog().is_empty());
    let line = format!("CLIENT_RANDOM {} {}", "ab".repeat(32), "cd".repeat(48));
    ring.keylog().add(KeyLog::parse_dsb(line.as_bytes()).0);
    assert!(ring.keylog().read().unwrap().has_random(&[0xab; 32]));
}

#[test]
fn debug_shows_no_secret() {
    let ring = load(&["rsa1024.pem"], "any,25,smtp,rsa1024.pem,hunter2");
    let read = file::load(&test_key("rsa1024.pem"), Passwords::default().behind(None)).unwrap();
    let prime = {
        use rsa::traits::PrivateKeyParts as _;
        hex(&read.keys[0].primes()[0].to_be_bytes())
    };
    let shown = format!("{ring:?} {ring:#?} {:?}", ring.keys()[0]).to_lowercase();
    assert!(shown.contains("keys.list:1"));
    for secret in [PRIVATE_EXPONENT, &prime, "hunter2", "primes", "precomputed"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn a_ring_is_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<KeyRing>();
}

/// Every order of a row's columns, as a hand may have written it.
fn orders(columns: &[&str]) -> Vec<Vec<String>> {
    let [first, rest @ ..] = columns else { return vec![Vec::new()] };
    let insert = |order: Vec<String>| {
        (0..=order.len()).map(move |at| {
            let mut longer = order.clone();
            longer.insert(at, (*first).to_owned());
            longer
        })
    };
    orders(rest).into_iter().flat_map(insert).collect()
}

#[test]
fn no_message_shows_a_password_whatever_column_it_stands_in() {
    for length in 2..=5 {
        let columns = ["Sup3rS3cret", "rsa1024.encrypted.pem", "192.0.2.1", "25", "smtp"];
        for order in orders(&columns[..length]) {
            let quoted = order.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>();
            for row in [order.join(","), quoted.join(",")] {
                let (_folder, list) = folder(&["rsa1024.encrypted.pem"], &row);
                let (ring, errors) = KeyRing::load(&[list]);
                let hints = errors.iter().map(|error| format!("{error} {}", error.hint()));
                let said = hints.collect::<String>();
                let rows = ring.keys().iter().flat_map(|key| key.rows()).map(|row| &row.protocol);
                let shown = format!("{said}{ring:?}{:?}", rows.collect::<Vec<_>>());
                assert!(!shown.contains("Sup3r"), "{row}: {shown}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_row_names_regular_files_only() {
    let (folder, list) = folder(&[], "any,25,smtp,/dev/zero\nany,25,smtp,pipe\nany,25,smtp,.\n");
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo");
    let errors = KeyRing::load(&[list]).1;
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors.iter().all(|error| matches!(error.problem, Problem::NamedUnreadable(_))));
}

#[test]
fn rows_and_keys_multiply_no_further_than_a_cap() {
    let bundle = test_key("rsa1024.pem");
    let many = fs::read_to_string(bundle).unwrap().repeat(100);
    let (folder, list) = folder(&[], &"any,25,smtp,many.pem\n".repeat(1_010));
    fs::write(folder.path().join("many.pem"), many).unwrap();
    let (ring, errors) = KeyRing::load(&[list]);
    assert_eq!(ring.keys().len(), 1);
    assert!(ring.keys()[0].rows().len() <= MOST_PAIRS);
    assert_eq!(errors.len(), 10, "{:?}", errors.first());
    assert!(errors.iter().all(|error| matches!(error.problem, Problem::TooManyPairs(_))));
}
