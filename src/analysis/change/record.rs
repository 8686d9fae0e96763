//! Keeping a verdict on the change request it is about.
use super::answer::ChangeAnswer;
use crate::collection::read;
use crate::http::context::Writer;
use crate::http::headers::Wishes;
use crate::model::{Id, Result, Spelling};
use crate::resources::change_requests::{ChangeAssessment, ChangeRequest};
use crate::store::{Tx, revise};

/// Writes the verdict and its reasons to the change request, as a new version of it.
///
/// # Errors
/// When the change request is gone, or the client's conditions are not met.
pub async fn on(writer: &Writer<ChangeRequest>, wishes: &Wishes, target: Id, answer: &ChangeAnswer) -> Result<()> {
    let (verdict, reasons, seq) = (answer.verdict, answer.reasons.clone(), answer.seq);
    let preconditions = wishes.preconditions.clone();
    let work = async move |tx: &mut Tx| {
        tx.take_turn().await?;
        let org = tx.organization();
        let old = read::load_of::<ChangeRequest>(&mut tx.conn()?, org, &Spelling::Id(target)).await?;
        preconditions.check(old.head.version)?;
        let (assessed_at, assessed_by) = (tx.change().now, tx.change().actor.clone());
        let mut body = old.body.clone();
        body.assessment = Some(ChangeAssessment { verdict, reasons, assessed_at, assessed_by, seq });
        revise(tx, old, body).await.map(drop)
    };
    writer.write(wishes, 1, work).await
}
