use std::path::PathBuf;

use pkcs8::der::Encode;
use proptest::prelude::*;
use rsa::pkcs1::{RsaPrivateKeyRef, UintRef};
use rsa::traits::PublicKeyParts;

use super::*;
use crate::keys::asn1;
use crate::keys::passwords::Passwords;

fn test_key(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "src/keys/testkeys", name].iter().collect()
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(test_key(name)).unwrap()
}

/// No password, or `secret`.
fn passwords(known: bool) -> Passwords {
    let mut passwords = Passwords::default();
    passwords.add(if known { b"secret" } else { b"" }).unwrap();
    passwords
}

fn parse(bytes: &[u8]) -> Result<KeyFile, Fault> {
    super::parse(bytes, passwords(false).behind(None))
}

fn load(path: &Path) -> Result<KeyFile, KeyError> {
    super::load(path, passwords(false).behind(None))
}

fn fault(bytes: &[u8]) -> String {
    let fault = parse(bytes).unwrap_err();
    format!("{:?} {}", fault.line, fault.problem)
}

/// The DER of a PKCS#1 key of these numbers, whatever they are.
fn pkcs1(n: &[u8], e: &[u8], d: &[u8], p: &[u8], q: &[u8]) -> Vec<u8> {
    let uint = |bytes| UintRef::new(bytes).unwrap();
    let one = uint(&[1]);
    let key = RsaPrivateKeyRef {
        modulus: uint(n),
        public_exponent: uint(e),
        private_exponent: uint(d),
        prime1: uint(p),
        prime2: uint(q),
        exponent1: one,
        exponent2: one,
        coefficient: one,
        other_prime_infos: None,
    };
    key.to_der().unwrap()
}

/// p times q, big-endian, by hand: the traits of the big numbers are another crate's.
fn product(p: &[u8], q: &[u8]) -> Vec<u8> {
    let mut digits = vec![0_u32; p.len() + q.len()];
    for (i, a) in p.iter().rev().enumerate() {
        for (j, b) in q.iter().rev().enumerate() {
            let sum = digits[i + j] + u32::from(*a) * u32::from(*b);
            digits[i + j] = sum & 0xff;
            digits[i + j + 1] += sum >> 8;
        }
    }
    digits.iter().rev().map(|&digit| u8::try_from(digit).unwrap()).collect()
}

#[test]
fn a_key_is_read_in_each_of_its_forms() {
    let expected = &parse(&bytes("rsa1024.pem")).unwrap().keys[0];
    for name in ["rsa1024.pkcs1.pem", "rsa1024.pkcs1.der", "rsa1024.pkcs8.der"] {
        let file = load(&test_key(name)).unwrap();
        assert!(file.keys.iter().eq([expected]), "{name}");
        assert_eq!(file.remark, None, "{name}");
    }
}

#[test]
fn short_odd_multi_prime_and_pss_keys_are_read() {
    for (name, bits) in [
        ("rsa512.pem", 512),
        ("rsa1031.pem", 1031),
        ("multiprime1024.pem", 1024),
        ("pss1024.pem", 1024),
    ] {
        assert_eq!(load(&test_key(name)).unwrap().keys[0].n().bit_width(), bits, "{name}");
    }
}

#[test]
fn a_bundle_gives_all_its_keys_and_its_certificates_are_skipped() {
    let bundle = ["certificate.pem", "rsa1024.pem", "rsa512.pem"].map(bytes).concat();
    let file = parse(&[b"\xef\xbb\xbfnotes\r\n", &bundle[..]].concat()).unwrap();
    assert_eq!(file.keys.len(), 2);
    assert_eq!(file.remark, None);
}

#[test]
fn a_wrong_label_does_not_matter() {
    let text = String::from_utf8(bytes("rsa1024.pkcs1.pem")).unwrap();
    assert!(parse(text.replace("RSA PRIVATE", "PRIVATE").as_bytes()).is_ok());
}

#[test]
fn a_useless_key_beside_a_good_one_is_remarked() {
    let file = parse(&["rsa512.pem", "ec.pem"].map(bytes).concat()).unwrap();
    assert_eq!(
        file.remark.unwrap(),
        "its file also holds, at line 11: an EC key cannot decrypt any key exchange"
    );
}

#[test]
fn what_is_no_rsa_key_is_called_by_its_name() {
    for (name, message) in [
        ("ec.pem", "Some(1) an EC key cannot decrypt any key exchange"),
        ("ec.sec1.pem", "Some(4) an EC key cannot decrypt any key exchange"),
        ("ec.sec1.der", "None an EC key cannot decrypt any key exchange"),
        ("ed25519.pem", "Some(1) an Ed25519 key cannot decrypt any key exchange"),
        ("ed25519.der", "None an Ed25519 key cannot decrypt any key exchange"),
        ("dsa.pem", "Some(1) a DSA key cannot decrypt any key exchange"),
        ("public.pem", "Some(1) a public key: it cannot decrypt"),
        ("certificate.pem", "None holds 1 certificate(s) but no private key"),
        ("certificate.der", "None holds 1 certificate(s) but no private key"),
        ("rsa1024.encrypted.pem", "Some(1) encrypted key: no password was given"),
        ("rsa1024.encrypted.der", "None encrypted key: no password was given"),
        ("rsa1024.legacy.pem", "Some(1) encrypted key: no password was given"),
        ("rsa1024.p12", "None encrypted key: no password was given"),
        (
            "stored/rsa1024.encrypted.openssh",
            "Some(1) an encrypted OpenSSH private key: this format is not supported",
        ),
        ("stored/secret.jks", "None a Java key store (JKS), encrypted, and no password was given"),
        ("stored/java.p12", "None encrypted key: no password was given"),
        ("stored/public.jwk", "None a public key: it cannot decrypt"),
    ] {
        assert_eq!(fault(&bytes(name)), message, "{name}");
    }
}

#[test]
fn what_is_no_key_at_all_says_so() {
    assert_eq!(fault(b" \r\n"), "None the file is empty");
    assert_eq!(fault(b"\xff\xfe\0\xd8"), "None the file is UTF-16 text");
    assert_eq!(fault(b"MIIEpAIBAAKCAQEA"), "None no key found: neither a PEM block nor DER");
    assert_eq!(fault(b"0.0.0.0,1,x,y"), "None no key found: neither a PEM block nor DER");
    assert_eq!(fault(&[0x30, 0x82, 1, 2, 3]), "None damaged: not the DER of a private key");
    let cut = &bytes("rsa1024.pem")[..400];
    assert_eq!(
        fault(cut),
        "Some(1) the PEM block `PRIVATE KEY` that begins here has no END line of its own"
    );
}

#[test]
fn a_file_that_cannot_be_read_names_itself() {
    let error = load(Path::new("no/such.key")).unwrap_err();
    assert!(error.to_string().starts_with("no/such.key: cannot be read: No such file"));
    assert!(error.hint().contains("folder of the list"));
    assert!(load(&test_key("")).is_err(), "a folder");
}

#[test]
fn every_encryption_of_openssl_is_opened_by_its_password() {
    let expected = &parse(&bytes("rsa1024.pem")).unwrap().keys[0];
    let (right, mut wrong) = (passwords(true), Passwords::default());
    wrong.add_lines(b"Secret\nsecret \n").unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(test_key("encrypted")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if ["ec.pem", "ec.p12", "only-certificate.p12"].contains(&name) {
            continue;
        }
        let own = name.starts_with("non-ascii").then_some("pässwört😀".as_bytes());
        let file = super::load(&path, right.behind(own)).unwrap();
        assert!(file.keys.iter().eq([expected]), "{name}");
        if name != "clear.p12" && name != "empty-password.p12" {
            let error = super::load(&path, wrong.behind(None)).unwrap_err();
            assert!(error.to_string().ends_with("none of 2 passwords opens it"), "{error}");
            let error = load(&path).unwrap_err();
            assert!(matches!(error.problem, Problem::NoPassword), "{error}");
        }
        files += 1;
    }
    assert_eq!(files, 30, "what encrypt.sh makes");
}

#[test]
fn the_other_encrypted_forms_are_opened_as_well() {
    let known = passwords(true);
    for name in
        ["rsa1024.encrypted.pem", "rsa1024.encrypted.der", "rsa1024.legacy.pem", "rsa1024.p12"]
    {
        assert_eq!(
            super::load(&test_key(name), known.behind(None)).unwrap().keys.len(),
            1,
            "{name}"
        );
    }
}

#[test]
fn what_else_is_in_an_encrypted_file_is_called_by_its_name() {
    let known = passwords(true);
    let fault = |name: &str| super::parse(&bytes(name), known.behind(None)).unwrap_err().problem;
    for (name, message) in [
        ("encrypted/ec.pem", "an EC key cannot decrypt any key exchange"),
        ("encrypted/ec.p12", "an EC key cannot decrypt any key exchange"),
        ("encrypted/only-certificate.p12", "holds 1 certificate(s) but no private key"),
    ] {
        assert_eq!(fault(name).to_string(), message, "{name}");
    }
}

#[test]
fn pkcs12_is_read_in_pem_and_in_the_ber_of_windows() {
    use std::fmt::Write as _;
    let known = passwords(true);
    let ber = asn1::tests::to_ber(&bytes("encrypted/modern.p12"));
    assert!(ber.starts_with(&[0x30, 0x80]));
    assert_eq!(super::parse(&ber, known.behind(None)).unwrap().keys.len(), 1);

    let base64 = base64_simd::STANDARD.encode_to_string(bytes("encrypted/legacy.p12"));
    let mut pem = String::from("-----BEGIN PKCS12-----\n");
    writeln!(pem, "{base64}\n-----END PKCS12-----").unwrap();
    assert_eq!(super::parse(pem.as_bytes(), known.behind(None)).unwrap().keys.len(), 1);
}

#[test]
fn a_derivation_that_would_take_hours_is_refused() {
    let der = bytes("encrypted/pbe-SHA1-3DES.der");
    // 128 iterations become two thousand million.
    let at = der.windows(4).position(|w| w == [0x02, 0x02, 0x00, 0x80]).unwrap();
    let mut longer = der;
    longer.splice(at..at + 4, [0x02, 0x04, 0x7f, 0xff, 0xff, 0xff]);
    for length in [3, 5, 19] {
        longer[length] += 2;
    }
    let known = passwords(true);
    let problem = super::parse(&longer, known.behind(None)).unwrap_err().problem;
    assert_eq!(
        problem.to_string(),
        "encrypted with a key derivation that costs too much (2147483647 iterations)"
    );
    assert!(problem.hint("a.der").contains("openssl pkey -in a.der"));
}

#[test]
fn a_cipher_or_a_header_that_is_unknown_is_told() {
    let text = String::from_utf8(bytes("encrypted/dek-aes128.pem")).unwrap();
    let known = passwords(true);
    let fault = |text: &str| {
        let fault = super::parse(text.as_bytes(), known.behind(None)).unwrap_err();
        format!("{:?} {}", fault.line, fault.problem)
    };
    assert_eq!(
        fault(&text.replace("AES-128", "FOO")),
        "Some(1) encrypted by FOO-CBC, which is not supported"
    );
    let missing = "Some(1) encrypted, but its DEK-Info header is missing or damaged";
    assert_eq!(fault(&text.replace("DEK-Info", "X-Info")), missing);
    assert_eq!(fault(&text.replace("AES-128-CBC,", "AES-128-CBC,00")), missing);
}

#[test]
fn no_damaged_byte_goes_unnoticed() {
    let der = bytes("rsa1024.pkcs1.der");
    for index in (0..der.len()).step_by(5) {
        let mut damaged = der.clone();
        damaged[index] ^= 0x10;
        assert!(parse(&damaged).is_err(), "byte {index}");
    }
}

#[test]
fn sizes_that_no_premaster_secret_fits_or_that_cost_too_much_are_refused() {
    let of = |bytes: usize| fault(&pkcs1(&vec![0xff; bytes], &[3], &[3], &[3], &[3]));
    assert!(of(58).contains("an RSA key of 464 bits"));
    assert!(of(2049).contains("an RSA key of 16392 bits"));
}

#[test]
fn numbers_that_contradict_each_other_are_refused() {
    let p = [&[0xc0; 31][..], &[0xab]].concat();
    let even = [&[0xc0; 31][..], &[0xaa]].concat();
    let inconsistent =
        "None the numbers of this RSA key contradict each other: the file is damaged";
    for (n, e, d, p, q) in [
        (vec![0xff; 64], &[3][..], &[3][..], &p[..], &p[..]),
        (product(&p, &p), &[1], &[1], &p, &p),
        (product(&p, &even), &[3], &[3], &p, &even),
        (product(&p, &[1]), &[3], &[3], &p, &[1]),
        (vec![0xff; 64], &[0], &[0], &[0], &[0]),
    ] {
        let n = if n.len() < 59 { vec![0xff; 64] } else { n };
        assert_eq!(fault(&pkcs1(&n, e, d, p, q)), inconsistent);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_the_reader_panic(body in any::<Vec<u8>>()) {
        let _ = parse(&body);
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        let _ = parse(&[&[0x30, 0x82], &length[..], &body].concat());
    }

    #[test]
    fn no_cut_or_changed_file_makes_it_panic(cut in 0_usize..634, at in 0_usize..634, xor: u8) {
        let mut der = bytes("rsa1024.pkcs8.der");
        let _ = parse(&der[..cut]);
        der[at] ^= xor;
        let _ = parse(&der);
    }

    #[test]
    fn no_numbers_make_it_panic(
        p in prop::collection::vec(any::<u8>(), 1..40),
        q in prop::collection::vec(any::<u8>(), 30..40),
        e in prop::collection::vec(any::<u8>(), 1..60),
        d in prop::collection::vec(any::<u8>(), 1..80),
    ) {
        prop_assert!(parse(&pkcs1(&product(&p, &q), &e, &d, &p, &q)).is_err());
    }

    #[test]
    fn no_changed_container_makes_it_panic(at in 0_usize..900, xor: u8, cut in 0_usize..2000) {
        let known = passwords(true);
        for name in ["encrypted/pbe-SHA1-3DES.der", "encrypted/pbes2.der", "encrypted/clear.p12"] {
            let mut der = bytes(name);
            let cut = cut.min(der.len());
            let _ = super::parse(&der[..cut], known.behind(None));
            let at = at % der.len();
            der[at] ^= xor;
            let _ = super::parse(&der, known.behind(None));
        }
    }
}

/// The DER in the one block of a test key.
fn der_of(name: &str) -> Vec<u8> {
    let text = bytes(name);
    pem::blocks(&text).unwrap()[0].decode().unwrap().to_vec()
}

/// Opens with little to spend, so that hostile parameters cost a test nothing.
fn opened_cheaply(der: &[u8]) -> Result<KeyFile, Fault> {
    let known = passwords(true);
    let candidates = known.behind(None);
    candidates.budget.derive(crate::keys::budget::MOST_ITERATIONS - 200_000).unwrap();
    super::parse(der, candidates)
}

#[test]
fn parameters_of_scrypt_are_checked_before_they_reach_a_library() {
    let der = der_of("encrypted/pbes2-scrypt.pem");
    // N = 1024, r = 8, p = 1 (RFC 7914 section 7).
    let numbers = [0x02, 0x02, 0x04, 0x00, 0x02, 0x01, 0x08, 0x02, 0x01, 0x01];
    let at = der.windows(numbers.len()).position(|part| part == numbers).unwrap();
    assert!(opened_cheaply(&der).is_ok());
    let patched = |place: usize, value: u8| {
        let mut other = der.clone();
        other[at + place] = value;
        other
    };
    // N = 0 is a byte shorter, and so is all that it stands in.
    let mut zero = der.clone();
    zero.splice(at..at + 4, [0x02, 0x01, 0x00]);
    [3, 5, 18, 20, 33].iter().for_each(|&length: &usize| zero[length] -= 1);
    for other in [zero, patched(3, 1), patched(6, 0), patched(9, 0)] {
        let problem = opened_cheaply(&other).unwrap_err().problem;
        let is_told = matches!(problem, Problem::Damaged | Problem::UnknownEncryption(_));
        assert!(is_told, "{problem}");
    }
}

proptest! {
    #[test]
    fn no_parameters_of_an_encryption_make_it_panic_or_wait(
        name in prop::sample::select(vec![
            "pbes2-scrypt.pem", "pbes2-aes-256-cbc.pem", "pbe-SHA1-3DES.pem", "pbe-MD5-DES.pem",
        ]),
        at in 0_usize..120,
        value in any::<u8>(),
    ) {
        let mut der = der_of(&format!("encrypted/{name}"));
        der[at] = value;
        let _ = opened_cheaply(&der);
    }
}

#[test]
fn the_derivations_of_a_run_have_one_budget() {
    let block = String::from_utf8(bytes("encrypted/pbes2-aes-256-cbc.pem")).unwrap();
    let mut wrong = Passwords::default();
    wrong.add_lines("wrong\n".repeat(100).as_bytes()).unwrap();
    // The budget is spent by others: what is left takes some blocks of 2048 iterations.
    let candidates = wrong.behind(None);
    candidates.budget.derive(crate::keys::budget::MOST_ITERATIONS - 100_000).unwrap();
    let fault = super::parse(block.repeat(300).as_bytes(), candidates).unwrap_err();
    assert!(matches!(fault.problem, Problem::ManyDerivations(_)), "{}", fault.problem);
    assert!(candidates.budget.derive(5_000).is_err(), "nothing is left for the next file");
}

#[test]
fn a_key_whose_line_ends_were_lost_is_the_same_key() {
    let whole = String::from_utf8(bytes("rsa1024.pem")).unwrap();
    let expected = parse(whole.as_bytes()).unwrap().keys;
    for folded in [whole.replace('\n', " "), format!("KEY=\"{}\"", whole.replace('\n', "\\n"))] {
        assert_eq!(parse(folded.as_bytes()).unwrap().keys, expected);
    }
}
