//! The primitives that the format is made of, as this build of them answers: the cases of the GCM
//! submission to NIST (`McGrew`, Viega: The Galois/Counter Mode of Operation, appendix B, 13 to 16), and
//! Wycheproof's AES-GCM set. HKDF is written out in the vault itself: the cases of RFC 5869 stand beside it,
//! in `src/key.rs`.

use aws_lc_rs::aead::{
    AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey,
};
use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).expect("hex")
}

/// Ciphertext and tag; `None` if the key, the nonce or the data are refused.
fn sealed(key: &[u8], nonce: &[u8], aad: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let mut data = plain.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    cipher(key)?.seal_in_place_append_tag(nonce, Aad::from(aad), &mut data).ok()?;
    Some(data)
}

fn opened(key: &[u8], nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let mut data = sealed.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let plain = cipher(key)?.open_in_place(nonce, Aad::from(aad), &mut data).ok()?;
    Some(plain.to_vec())
}

fn cipher(key: &[u8]) -> Option<LessSafeKey> {
    let algorithm: &'static Algorithm = match key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        _ => &AES_256_GCM,
    };
    UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new)
}

#[test]
fn the_cases_of_the_submission_to_nist() {
    let zero = "0000000000000000000000000000000000000000000000000000000000000000";
    let long = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                 1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
    let cipher = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                  8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
    let aad = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
    let cases = [
        (zero, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
        (
            zero,
            "000000000000000000000000",
            "",
            "00000000000000000000000000000000",
            "cea7403d4d606b6e074ec5d3baf39d18",
            "d0d1c8a799996bf0265b98b5d48ab919",
        ),
        (long, "cafebabefacedbaddecaf888", "", plain, cipher, "b094dac5d93471bdec1a502270e3cc6c"),
        (
            long,
            "cafebabefacedbaddecaf888",
            aad,
            &plain[..120],
            &cipher[..120],
            "76fc6ece0f4e1768cddf8853bb2d551b",
        ),
    ];
    for (key, nonce, aad, plain, cipher, tag) in cases {
        let (key, nonce, aad, plain) = (hex(key), hex(nonce), hex(aad), hex(plain));
        let expect = hex(&format!("{cipher}{tag}"));
        assert_eq!(sealed(&key, &nonce, &aad, &plain), Some(expect.clone()), "{tag}");
        assert_eq!(opened(&key, &nonce, &aad, &expect), Some(plain), "{tag}");
    }
}

#[test]
fn wycheproofs_aes_gcm_set() {
    let set = TestSet::load(TestName::AesGcm).expect("the set");
    let (mut tried, mut not_ours) = (0, 0);
    for group in set.test_groups {
        for test in group.tests {
            let all = [test.ct.as_slice(), test.tag.as_slice()].concat();
            let got = opened(&test.key, &test.nonce, &test.aad, &all);
            tried += 1;
            if group.nonce_size != 96 || group.tag_size != 128 {
                // The vault has no nonce of another length: the library takes none.
                assert_eq!(got, None, "{}", test.tc_id);
                not_ours += 1;
                continue;
            }
            if test.result == TestResult::Invalid {
                assert_eq!(got, None, "{}: {}", test.tc_id, test.comment);
                continue;
            }
            assert_eq!(got.as_deref(), Some(test.pt.as_slice()), "{}: {}", test.tc_id, test.comment);
            assert_eq!(sealed(&test.key, &test.nonce, &test.aad, &test.pt), Some(all), "{}", test.tc_id);
        }
    }
    assert!(tried > 300 && not_ours * 2 < tried, "{tried} cases, {not_ours} of them of no use here");
}
