//! Putting a pack on record, and the proof of that in the pack.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use audit::pack::{Joining, PROOF, Pack as Checked, PackProof};
use contract::audit::{NotePack, PackView};

use super::{Made, Parts, check};
use crate::api::Call;
use crate::commands::Desk;
use crate::file::{Place, Sink};
use crate::pack::{Bundle, id_of};
use crate::text::time::exact;

/// Puts a pack on record, waits for the proof and adds it; `None` if that takes too long. Until it is added the pack is what it
/// was. Saying it again is the same.
pub async fn record(made: &Made, path: &Path, desk: &mut Desk<'_>) -> anyhow::Result<Option<PackView>> {
    let Made { api, checked, .. } = made;
    let body = NotePack { period: checked.manifest.period, manifest_sha256: checked.id.clone() };
    let call = Call::post(["audit", "packs"]).with(&body)?.repeatable();
    let noted: PackView = api.call(call).await?.read()?;
    let at = exact(noted.packed_at);
    desk.stage(&format!("On record since {at}. Waiting for the next signed checkpoint, some five minutes."))?;
    let proof = ["audit", "packs", checked.id.as_str()];
    let Some(answer) = desk.patiently(api, || Call::get(proof), |_| false).await? else { return Ok(None) };
    let proof =
        PackProof::read(answer.body.trim_end().as_bytes()).context("the API's proof does not read")?;
    desk.stage("Reading the log on to that checkpoint.")?;
    let proof = joined(proof, made, &noted).await?;
    add(&proof, made, path, desk).await?;
    Ok(Some(noted))
}

/// The proof, with the way to its checkpoint from where the pack's log ends.
async fn joined(proof: PackProof, made: &Made, noted: &PackView) -> anyhow::Result<PackProof> {
    let to = proof.covers().context("the API's proof does not read")?;
    let Checked { export, figures, .. } = &made.checked;
    let extent = &figures.as_ref().context("the pack's log cannot be counted here")?.metrics.log;
    let mut joining = Joining::new(&export.range, to);
    // What is before the latest of the pack's entries is in its log; what puts it on record comes after that.
    let times = (extent.last_at, noted.packed_at.max(extent.last_at));
    let mut parts = Parts::new(&made.api, times, false);
    loop {
        let (lines, is_last) = parts.next().await?;
        joining.take(&lines).context("the API's export does not go on from the pack")?;
        if joining.is_done() || is_last {
            break;
        }
    }
    let way = joining.proof().context("the API's export does not come by the checkpoint of its own proof")?;
    Ok(proof.joined(&way))
}

/// Writes the pack with the proof, in place of what is there.
async fn add(proof: &PackProof, made: &Made, path: &Path, desk: &Desk<'_>) -> anyhow::Result<()> {
    let place = Place::file(path, true)?;
    let (draft, sink) = place.begin(desk.screen.output(), (desk.world.random)()?)?;
    let Sink::File(mut file) = sink else { anyhow::bail!("a pack is a file") };
    let unwritten = || format!("{} cannot be written anew", path.display());
    let mut there = File::open(path).with_context(unwritten)?;
    io::copy(&mut there, &mut file).with_context(unwritten)?;
    let mut bundle = Bundle::again(file, made.checked.manifest.made_at).with_context(unwritten)?;
    bundle.put(PROOF, &proof.bytes())?;
    bundle.finish().with_context(unwritten)?;
    let checked = check(draft.path().context("a pack is a file")?, &made.pinned).await?;
    // Both what was read and what it replaces: another may have been put there meanwhile.
    let same = checked.id == made.checked.id && id_of(path).as_ref() == Some(&made.checked.id);
    anyhow::ensure!(same, "{} is another pack than before, and was left as it is", path.display());
    draft.publish()
}
