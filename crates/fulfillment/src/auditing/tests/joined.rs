//! What `lacuna audit pack` asks for once the proof of a pack is there.

use audit::consistency::goes_on;
use audit::pack::{Joining, Log, PackProof, Read};
use audit::{Checkpoint, Inclusion, tenant_of};
use contract::audit::PackView;

use super::*;

async fn key(front: &Front) -> VerifierKey {
    let KeyView { key } = read(&ask(front, Role::Auditor, "/v1/audit/key").await);
    VerifierKey::parse(&key).expect("a key")
}

/// The log as it would be in a pack of now.
async fn packed(front: &Front) -> Read {
    let pinned = Pinned { key: key(front).await, since: None };
    let now = front.world.fake_clock().peek();
    let target = format!("/v1/audit/export?from={}&to={now}&whole=true", now - SignedDuration::from_hours(2));
    let part: ExportPart = read(&ask(front, Role::Auditor, &target).await);
    let mut log = Log::new(
        &pinned,
        tenant_of(pinned.key.name()).expect("a tenant"),
        "2026".parse().expect("a period"),
        [].into(),
    );
    log.take(part.lines.as_bytes()).expect("it verifies");
    log.finish().expect("a log")
}

/// From wherever it ends: however much is chained, and signed in whichever parts, until it is on record, and since.
#[tokio::test]
async fn an_export_leads_from_the_end_of_a_pack_to_the_checkpoint_of_its_proof() {
    for (before, between, after) in
        [(&[9][..], &[][..], &[][..]), (&[8, 5], &[7, 3], &[2]), (&[3], &[1, 1, 1], &[4, 9])]
    {
        let (front, manifest) = (front(), "ab".repeat(32));
        for count in before {
            submitted(&front, *count).await;
            signed(&front).await;
        }
        let log = packed(&front).await;
        for count in between {
            submitted(&front, *count).await;
            signed(&front).await;
        }
        let noted = front.send(&noting(&caller(Role::Auditor), "2026", &manifest)).await;
        let noted: PackView = serde_json::from_str(&noted.body).expect("on record");
        front.chained().await;
        for count in after {
            submitted(&front, *count).await;
            signed(&front).await;
        }
        signed(&front).await;
        let proof = answer(&door(&front), &proof_of(Role::Auditor, &manifest)).await;
        let proof = PackProof::read(proof.body.as_bytes()).expect("a proof");
        let note = Inclusion::parse(&proof.proof).expect("a proof").note;
        let signed = Checkpoint::open(&note, &key(&front).await).expect("a checkpoint");
        assert_eq!(proof.covers(), Some(signed.size));
        let from = log.counted.as_ref().expect("known words").metrics.log.last_at;
        let (lines, _) = exported(&front, from, noted.packed_at.max(from)).await;
        let mut joining = Joining::new(&log.export.range, signed.size);
        joining.take(&lines).expect("it goes on");
        let way = joining.proof().expect("it comes by the checkpoint");
        let own = (log.export.last, &log.export.root);
        assert!(goes_on(own, (signed.size, &signed.root), &way), "{before:?} {between:?} {after:?}");
    }
}
