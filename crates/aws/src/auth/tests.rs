//! Tokens of honest issuers, and of others.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract::settings::{Issuer, Settings};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Server, SetClock, listen, ok, status};

const NOW: i64 = 1_800_000_000;
const ISS: &str = "https://id.example.com/";

struct Registry(Arc<Issuer>);

#[async_trait]
impl Tenants for Registry {
    async fn settings(&self, _: &TenantId) -> Result<Option<Arc<Settings>>, Fault> {
        Ok(None)
    }

    async fn issuer(&self, issuer: &str) -> Result<Option<Arc<Issuer>>, Fault> {
        Ok((issuer == self.0.issuer).then(|| Arc::clone(&self.0)))
    }

    async fn all(&self, _: Option<&TenantId>, _: usize) -> Result<ports::Listed, Fault> {
        Ok(ports::Listed::default())
    }
}

/// An issuer's key, and its public half as the key set has it.
struct Signer {
    key: EncodingKey,
    point: Vec<u8>,
    public: Value,
}

fn signer(kid: &str) -> Signer {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).expect("a key");
    let point = pair.public_key().as_ref().to_vec();
    let (x, y) = point[1..].split_at(32);
    let public = json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)});
    Signer { key: EncodingKey::from_ec_der(pkcs8.as_ref()), point, public }
}

pub(crate) fn claims() -> Value {
    json!({"iss": ISS, "aud": "lacuna", "exp": NOW + 300, "nbf": NOW - 10, "sub": "s-1",
        "tenant": "demo", "role": "backend"})
}

/// The claims with some set to something else, or removed by `null`.
fn with(changes: &Value) -> Value {
    let mut claims = claims();
    let map = claims.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            map.remove(name);
        } else {
            map.insert(name.clone(), value.clone());
        }
    }
    claims
}

pub(crate) fn subject(changes: &Value) -> Value {
    let mut claims = with(&json!({"role": "subject"}));
    let map = claims.as_object_mut().expect("an object");
    map.extend(changes.as_object().expect("an object").clone());
    claims
}

/// An issuer with its key set on a server, and a verifier that knows it.
pub(crate) struct Scene {
    pub(crate) verifier: Verifier,
    clock: Arc<SetClock>,
    pub(crate) server: Arc<Server>,
    signer: Signer,
}

async fn scene_with(algorithms: &[&str]) -> Scene {
    let signer = signer("k1");
    let set = json!({"keys": [signer.public]}).to_string();
    let (port, server) = listen(ok(&set), false).await;
    let issuer = Issuer {
        issuer: ISS.into(),
        audience: "lacuna".into(),
        jwks_url: format!("http://127.0.0.1:{port}/keys"),
        algorithms: algorithms.iter().map(|&a| a.into()).collect(),
        tenants: vec!["demo".parse().expect("a tenant")],
    };
    let clock = SetClock::at(NOW);
    let verifier = Verifier::new(
        Arc::new(Registry(Arc::new(issuer))),
        Guard::new(true),
        Arc::clone(&clock) as Arc<dyn Clock>,
    );
    Scene { verifier, clock, server, signer }
}

pub(crate) async fn scene() -> Scene {
    scene_with(&["ES256"]).await
}

fn header(algorithm: Algorithm, kid: &str) -> Header {
    let mut header = Header::new(algorithm);
    header.kid = Some(kid.to_owned());
    header
}

impl Scene {
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = header(Algorithm::ES256, "k1");
        jsonwebtoken::encode(&header, claims, &self.signer.key).expect("a token")
    }

    async fn check(&self, token: &str, expect: Refusal) {
        let got = self.verifier.token(token).await;
        assert_eq!(got, Err(AuthError::Refused(expect)), "{token}");
    }

    async fn check_claims(&self, claims: Value, expect: Refusal) {
        let token = self.sign(&claims);
        let got = self.verifier.token(&token).await;
        assert_eq!(got, Err(AuthError::Refused(expect)), "{claims}");
    }

    fn fetches(&self) -> usize {
        self.server.seen.load(Ordering::SeqCst)
    }
}

fn identity(kind: &str, value: &str) -> Identity {
    Identity::new(kind.parse().expect("a type"), &Personal::new(value)).expect("an identity")
}

#[tokio::test]
async fn a_good_token_says_who_is_calling() {
    let scene = scene().await;
    let bearer = format!("Bearer {}", scene.sign(&claims()));
    let principal = scene.verifier.authorization(&bearer).await.expect("in");
    assert_eq!(principal.tenant.as_str(), "demo");
    assert_eq!(principal.role, Role::Backend);
    assert_eq!(principal.sub.expose(), "s-1");
    assert!(principal.identities.is_empty());
    let several = scene.sign(&with(&json!({"aud": ["other", "lacuna"]})));
    assert!(scene.verifier.token(&several).await.is_ok());
    assert_eq!(scene.fetches(), 1);
}

#[tokio::test]
async fn other_kinds_of_key_do_as_well() {
    let scene = scene_with(&["RS256", "PS256", "EdDSA"]).await;
    let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = rsa.as_der().expect("its encoding");
    // The library signs with PKCS#1, which is what follows the 26 bytes of a 2048-bit key's PKCS#8.
    let rsa_key = EncodingKey::from_rsa_der(&der.as_ref()[26..]);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (n, e) = (rsa.public_key().modulus(), rsa.public_key().exponent());
    let (n, e) = (encode(n.big_endian_without_leading_zero()), encode(e.big_endian_without_leading_zero()));
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let ed = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
    let ed_key = EncodingKey::from_ed_der(pkcs8.as_ref());
    let set = json!({"keys": [{"kty": "RSA", "kid": "r1", "n": n, "e": e},
        {"kty": "OKP", "crv": "Ed25519", "kid": "e1", "x": encode(ed.public_key().as_ref())}]});
    *scene.server.answer.lock().expect("a lock") = ok(&set.to_string());
    for (algorithm, kid, key) in [
        (Algorithm::RS256, "r1", &rsa_key),
        (Algorithm::PS256, "r1", &rsa_key),
        (Algorithm::EdDSA, "e1", &ed_key),
    ] {
        let token = jsonwebtoken::encode(&header(algorithm, kid), &claims(), key).expect("a token");
        let got = scene.verifier.token(&token).await;
        assert!(got.is_ok(), "{algorithm:?} {got:?}");
        // The same token says that another key signed it.
        let other = if kid == "r1" { "e1" } else { "r1" };
        let token = jsonwebtoken::encode(&header(algorithm, other), &claims(), key);
        scene.check(&token.expect("a token"), Refusal::Key).await;
    }
}

#[tokio::test]
async fn only_a_bearer_token_is_one() {
    let scene = scene().await;
    let token = scene.sign(&claims());
    for header in [token.clone(), format!("Basic {token}"), String::new()] {
        let got = scene.verifier.authorization(&header).await;
        assert_eq!(got, Err(AuthError::Refused(Refusal::Scheme)), "{header}");
    }
    for text in ["", ".", "..", "a.b.c", &token[..token.len() / 2]] {
        scene.check(text, Refusal::Form).await;
    }
}

#[tokio::test]
async fn a_huge_token_is_not_even_read() {
    let scene = scene().await;
    let token = scene.sign(&with(&json!({"padding": "x".repeat(8000)})));
    scene.check(&token, Refusal::TooLong).await;
    assert_eq!(scene.fetches(), 0);
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let scene = scene().await;
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for name in ["none", "None", "NONE", ""] {
        let head = part(json!({"alg": name, "kid": "k1"}));
        let token = format!("{head}.{}.", part(claims()));
        scene.check(&token, Refusal::Form).await;
    }
    let good = scene.sign(&claims());
    let unsigned = &good[..=good.rfind('.').expect("a dot")];
    scene.check(unsigned, Refusal::Signature).await;
}

/// The classic confusion: the public key, which anyone can fetch, used as a shared secret.
#[tokio::test]
async fn a_public_key_is_never_a_shared_secret() {
    for scene in [scene().await, scene_with(&["ES256", "HS256"]).await] {
        let x = scene.signer.public["x"].as_str().expect("text").to_owned();
        let jwk = scene.signer.public.to_string();
        for secret in [&scene.signer.point[..], x.as_bytes(), jwk.as_bytes()] {
            let key = EncodingKey::from_secret(secret);
            let head = header(Algorithm::HS256, "k1");
            let token = jsonwebtoken::encode(&head, &claims(), &key).expect("a token");
            scene.check(&token, Refusal::Algorithm).await;
        }
        assert_eq!(scene.fetches(), 0);
    }
}

#[tokio::test]
async fn the_algorithm_must_be_the_issuers_and_the_keys() {
    let scene = scene_with(&["RS256", "EdDSA"]).await;
    scene.check_claims(claims(), Refusal::Algorithm).await;

    // Listed, but not what this key is for.
    let scene = scene_with(&["ES256", "ES384"]).await;
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES384","kid":"k1"}"#);
    let good = scene.sign(&claims());
    let rest = good.split_once('.').expect("a dot").1;
    scene.check(&format!("{head}.{rest}"), Refusal::Key).await;
}

#[tokio::test]
async fn the_key_must_be_the_one_that_is_named() {
    let scene = scene().await;
    let sign =
        |head: &Header, key: &EncodingKey| jsonwebtoken::encode(head, &claims(), key).expect("a token");
    let good = &scene.signer.key;
    let unknown = sign(&header(Algorithm::ES256, "k2"), good);
    scene.check(&unknown, Refusal::Key).await;
    let unnamed = sign(&Header::new(Algorithm::ES256), good);
    scene.check(&unnamed, Refusal::Key).await;
    let stranger = signer("k1");
    let forged = sign(&header(Algorithm::ES256, "k1"), &stranger.key);
    scene.check(&forged, Refusal::Signature).await;

    // A key that the token brings along is not looked at.
    let mut head = header(Algorithm::ES256, "k1");
    head.jwk = serde_json::from_value(stranger.public).ok();
    head.jku = Some("http://127.0.0.1:1/keys".to_owned());
    scene.check(&sign(&head, &stranger.key), Refusal::Signature).await;
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let scene = scene().await;
    let good = scene.sign(&claims());
    let parts: Vec<&str> = good.split('.').collect();
    let admin = URL_SAFE_NO_PAD.encode(with(&json!({"role": "admin"})).to_string());
    let token = format!("{}.{admin}.{}", parts[0], parts[2]);
    scene.check(&token, Refusal::Signature).await;

    let mut head = header(Algorithm::ES256, "k1");
    head.crit = Some(vec!["exp".to_owned()]);
    let token = jsonwebtoken::encode(&head, &claims(), &scene.signer.key).expect("a token");
    scene.check(&token, Refusal::Critical).await;
}

#[tokio::test]
async fn a_token_holds_from_its_beginning_to_its_end() {
    let scene = scene().await;
    let expired = Refusal::Expired;
    scene.check_claims(with(&json!({"exp": NOW - 30})), expired).await;
    scene.check_claims(with(&json!({"exp": null})), expired).await;
    scene.check_claims(with(&json!({"exp": 1e300})), expired).await;
    scene.check_claims(with(&json!({"exp": -1})), expired).await;
    scene.check_claims(with(&json!({"nbf": NOW + 31})), Refusal::NotYet).await;
    scene.check_claims(with(&json!({"exp": "tomorrow"})), Refusal::Form).await;
    let times = json!({"exp": NOW - 29, "nbf": NOW + 30});
    assert!(scene.verifier.token(&scene.sign(&with(&times))).await.is_ok());
}

#[tokio::test]
async fn a_token_for_somebody_else_is_refused() {
    let scene = scene().await;
    for aud in [json!("other"), json!(["other"]), json!([]), json!(null)] {
        scene.check_claims(with(&json!({"aud": aud})), Refusal::Audience).await;
    }
    for iss in ["https://id.example.com", "https://evil.test/", ""] {
        scene.check_claims(with(&json!({"iss": iss})), Refusal::Issuer).await;
    }
    scene.check_claims(with(&json!({"iss": [ISS]})), Refusal::Form).await;
}

#[tokio::test]
async fn an_issuer_speaks_for_its_own_tenants_only() {
    let scene = scene().await;
    for tenant in [json!("other"), json!("DEMO"), json!(""), json!(null)] {
        scene.check_claims(with(&json!({"tenant": tenant})), Refusal::Tenant).await;
    }
    for role in [json!("root"), json!("Admin"), json!(null)] {
        scene.check_claims(with(&json!({"role": role})), Refusal::Role).await;
    }
    for sub in [json!(""), json!(" "), json!("a\nb"), json!(null)] {
        scene.check_claims(with(&json!({"sub": sub})), Refusal::Subject).await;
    }
    let long = json!({"sub": "x".repeat(513)});
    scene.check_claims(with(&long), Refusal::Subject).await;
}

#[tokio::test]
async fn a_claim_that_is_there_twice_is_no_claim() {
    let scene = scene().await;
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"k1"}"#);
    let text = claims().to_string().replacen('{', r#"{"tenant":"other","#, 1);
    let message = format!("{head}.{}", URL_SAFE_NO_PAD.encode(text));
    let algorithm = Algorithm::ES256;
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &scene.signer.key, algorithm).expect("signed");
    scene.check(&format!("{message}.{signature}"), Refusal::Form).await;
}

#[tokio::test]
async fn a_subject_is_known_by_what_was_verified() {
    let scene = scene().await;
    let identities = json!([{"type": "email", "value": "A@Example.com"},
        {"type": "customer_id", "value": "7"}, {"type": "email", "value": "a@example.com"}]);
    let token = scene.sign(&subject(&json!({"identities": identities, "verified": true})));
    let principal = scene.verifier.token(&token).await.expect("in");
    // One address, in two ways of writing it: both are looked for.
    let written = identity("email", "A@Example.com");
    let expect = vec![written, identity("customer_id", "7"), identity("email", "a@example.com")];
    assert_eq!(principal.identities, expect);

    let oidc = json!({"email": "a@example.com", "email_verified": true, "identities": [
        {"type": "email", "value": "somebody@else.example"}]});
    let principal = scene.verifier.token(&scene.sign(&subject(&oidc))).await.expect("in");
    assert_eq!(principal.identities, vec![identity("email", "a@example.com")]);
    assert!(!format!("{principal:?}").contains("example.com"));
}

#[tokio::test]
async fn a_subject_without_a_verified_identity_is_refused() {
    let scene = scene().await;
    let mine = json!([{"type": "email", "value": "a@example.com"}]);
    for changes in [
        json!({}),
        json!({"email": "a@example.com"}),
        json!({"email": "a@example.com", "email_verified": false}),
        json!({"email_verified": true}),
        json!({"identities": mine}),
        json!({"identities": mine, "verified": false}),
        json!({"identities": [], "verified": true}),
        json!({"identities": [{"type": "email", "value": "no address"}], "verified": true}),
        json!({"identities": [{"type": "E-Mail", "value": "a@example.com"}], "verified": true}),
    ] {
        scene.check_claims(subject(&changes), Refusal::Identity).await;
    }
    let many: Vec<Value> = (0..11).map(|n| json!({"type": "customer_id", "value": n.to_string()})).collect();
    let many = json!({"identities": many, "verified": true});
    scene.check_claims(subject(&many), Refusal::Identity).await;
    let string = json!({"email": "a@example.com", "email_verified": "true"});
    scene.check_claims(subject(&string), Refusal::Form).await;
}

#[tokio::test]
async fn other_roles_bring_no_identities() {
    let scene = scene().await;
    let claims = with(&json!({"email": "a@example.com", "email_verified": true}));
    let principal = scene.verifier.token(&scene.sign(&claims)).await.expect("in");
    assert!(principal.identities.is_empty());
}

#[tokio::test]
async fn a_rotated_key_is_found_and_made_up_key_ids_do_not_hammer_the_issuer() {
    let scene = scene().await;
    assert!(scene.verifier.token(&scene.sign(&claims())).await.is_ok());
    let new = signer("k2");
    let head = header(Algorithm::ES256, "k2");
    let claims = with(&json!({"exp": NOW + 100_000}));
    let token = jsonwebtoken::encode(&head, &claims, &new.key).expect("a token");

    scene.clock.set(NOW + 59);
    for _ in 0..5 {
        scene.check(&token, Refusal::Key).await;
    }
    assert_eq!(scene.fetches(), 1);

    *scene.server.answer.lock().expect("a lock") = ok(&json!({"keys": [new.public]}).to_string());
    scene.clock.set(NOW + 60);
    assert!(scene.verifier.token(&token).await.is_ok());
    assert_eq!(scene.fetches(), 2);
}

#[tokio::test]
async fn a_key_set_that_is_away_is_a_fault_and_not_a_refusal() {
    let scene = scene().await;
    *scene.server.answer.lock().expect("a lock") = status("503 Away", "");
    let token = scene.sign(&with(&json!({"exp": NOW + 100_000})));
    let got = scene.verifier.token(&token).await;
    assert!(matches!(got, Err(AuthError::Fault(fault)) if fault.class == ports::Class::Transient));

    // Whoever asks again at once is told the same, without another call.
    let good = ok(&json!({"keys": [scene.signer.public]}).to_string());
    *scene.server.answer.lock().expect("a lock") = good;
    let got = scene.verifier.token(&token).await;
    assert!(matches!(got, Err(AuthError::Fault(_))));
    assert_eq!(scene.fetches(), 1);
    scene.clock.set(NOW + 5);

    // Once it was read it is good for an hour of trouble, and no longer.
    assert!(scene.verifier.token(&token).await.is_ok());
    *scene.server.answer.lock().expect("a lock") = status("503 Away", "");
    scene.clock.set(NOW + 3_604);
    assert!(scene.verifier.token(&token).await.is_ok());
    scene.clock.set(NOW + 3_660);
    let got = scene.verifier.token(&token).await;
    assert!(matches!(got, Err(AuthError::Fault(_))));
}
