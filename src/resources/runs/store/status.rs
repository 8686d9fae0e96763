//! The status of a run, for its steps.
use crate::resources::runs::RunStatus;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;

/// The status of a run.
///
/// # Errors
/// When the database does not answer.
pub async fn status(conn: &mut Conn<'_>, org: Id, run: Id) -> Result<Option<RunStatus>> {
    let statement = Fragment::default().sql("SELECT status FROM runs WHERE organization_id = ").id(org).sql(" AND id = ").id(run);
    let status: Option<DbEnum<RunStatus>> =
        on!(conn, |c| statement.rows::<diesel::sql_types::Text>().get_result(c)).optional().map_db_error()?;
    Ok(status.map(|status| status.0))
}
