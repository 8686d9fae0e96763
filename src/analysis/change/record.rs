//! Keeping a verdict on the change request it is about.
use super::answer::ChangeAnswer;
use crate::collection::read;
use crate::http::context::Writer;
use crate::http::headers::WriteOptions;
use crate::model::{Id, ObjectRef, Result};
use crate::resources::change_requests::{ChangeAssessment, ChangeRequest};
use crate::store::{Tx, write_consequence};

/// Writes the verdict and its reasons to the change request, as a new version of it.
///
/// # Errors
/// When the change request is gone, or the client's conditions are not met.
pub async fn record_assessment(
    writer: &Writer<ChangeRequest>,
    write_options: &WriteOptions,
    target: Id,
    answer: &ChangeAnswer,
) -> Result<()> {
    let (verdict, reasons, seq) = (answer.verdict, answer.reasons.clone(), answer.seq);
    let preconditions = write_options.preconditions.clone();
    let work = async move |tx: &mut Tx| {
        tx.lock_tenant().await?;
        let org = tx.organization();
        let old = read::load_of::<ChangeRequest>(&mut tx.conn()?, org, &ObjectRef::Id(target)).await?;
        preconditions.check(old.meta.version)?;
        let (assessed_at, assessed_by) = (tx.context().now, tx.context().actor.clone());
        let mut body = old.body.clone();
        body.assessment = Some(ChangeAssessment { verdict, reasons, assessed_at, assessed_by, seq });
        write_consequence(tx, old, body).await.map(drop)
    };
    writer.write(write_options, 1, work).await
}
