//! What the filters of a list refer to.
use crate::model::{
    Action, Condition, Error, ExternalRef, FieldType, FieldValue, Id, Kind, ListQuery, ObjectRef, Result, Visibility, permission,
};
use crate::store::{AnyKind, Conn, ReadPoint, Snapshot, past, resolve};
use std::collections::HashSet;

/// A list of the past is put together in memory; it may hold so many objects.
pub const MAX_PAST: i64 = 200_000;
/// Looks up what the filters refer to, as it is now or was at a place in the ledger. A reference that leads nowhere is a
/// fault of the request.
pub async fn resolve_filters(conn: &mut Conn<'_>, snapshot: &Snapshot, query: &mut ListQuery) -> Result<()> {
    let mut wanted = HashSet::new();
    let mut kinds = HashSet::new();
    // Taken from the end, so that the first that leads nowhere is the one that is told.
    let mut all: Vec<&mut Condition> = query.conditions.iter_mut().rev().collect();
    let mut places = Vec::new();
    while let Some(condition) = all.pop() {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => all.extend(parts),
            Condition::Compare { field, values, .. } => {
                places.extend(values.iter_mut().map(|value| (*field, value)));
            }
            _ => {}
        }
    }
    for (field, value) in &mut places {
        match &**value {
            FieldValue::Today => **value = FieldValue::Text(snapshot.now.day()),
            FieldValue::Unresolved(object_ref) => {
                kinds.extend(targets(field.kind));
                wanted.insert(object_ref.clone());
            }
            _ => {}
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let kinds: Vec<Kind> = kinds.into_iter().collect();
    let found = match snapshot.place {
        ReadPoint::Past(seq) => locate_as_of(conn, snapshot.organization, &kinds, seq, &wanted).await?,
        _ => resolve::locate(conn, snapshot.organization, &kinds, &wanted).await?,
    };
    for (field, value) in places {
        let FieldValue::Unresolved(object_ref) = &*value else { continue };
        let all = targets(field.kind);
        let hits: Vec<Id> =
            found.get(object_ref).into_iter().flatten().filter(|(kind, _)| all.contains(kind)).map(|(_, id)| *id).collect();
        let fault = |code, words| Error::invalid(field.name, code, format!("{object_ref} {words}"));
        *value = match hits.as_slice() {
            [id] => FieldValue::Id(*id),
            [] => return Err(fault("unknown_reference", "is unknown")),
            _ => return Err(fault("ambiguous_reference", "stands in several kinds: use the UUID")),
        };
    }
    Ok(())
}

/// Refuses filters by links to what may not be read: what a list holds tells what its objects point to. The path of a list
/// below another object is no filter that somebody has thought of.
///
/// # Errors
/// `Forbidden`, naming the permission.
pub fn require_targets(visibility: &Visibility, query: &ListQuery, implied: Option<&str>) -> Result<()> {
    for condition in &query.conditions {
        let Condition::Compare { field, .. } = condition else { continue };
        let kinds = targets(field.kind);
        let hidden = !kinds.is_empty() && kinds.iter().all(|kind| visibility.hidden().contains(*kind));
        if hidden && implied != Some(field.name) {
            let wanted = permission(kinds[0].collection(), Action::Read);
            return Err(Error::Forbidden(format!("{} needs the permission {wanted}", field.name)));
        }
    }
    Ok(())
}

/// The kinds a field's references lead to.
const fn targets(kind: FieldType) -> &'static [Kind] {
    match kind {
        FieldType::Link(kinds) | FieldType::Listed(kinds, _) => kinds,
        FieldType::Exposed => &[Kind::BusinessProcess],
        _ => &[],
    }
}

/// Has the graph answer what the database cannot.
pub(super) async fn resolve_exposure(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    kind: &dyn AnyKind,
    query: &mut ListQuery,
) -> Result<()> {
    for condition in &mut query.conditions {
        if let Condition::Compare { field, values, .. } = condition
            && matches!(field.kind, FieldType::Exposed)
        {
            let ids = values.iter().filter_map(|value| if let FieldValue::Id(id) = value { Some(*id) } else { None });
            let ids: Vec<Id> = ids.collect();
            let exposing = kind.exposing(conn, snapshot, &ids).await?;
            *condition = Condition::IdIn(exposing);
        }
    }
    Ok(())
}

/// The objects that spellings named at a place in the ledger.
async fn locate_as_of(
    conn: &mut Conn<'_>,
    org: Id,
    kinds: &[Kind],
    seq: i64,
    wanted: &HashSet<ObjectRef>,
) -> Result<resolve::ResolvedRefs> {
    #[derive(serde::Deserialize)]
    struct Known {
        external_refs: Vec<ExternalRef>,
    }
    let mut found = resolve::ResolvedRefs::new();
    for entry in past::as_of(conn, org, kinds, seq, 5 * MAX_PAST).await? {
        let known: Known = serde_json::from_str(entry.body.as_deref().unwrap_or("null")).map_err(Error::internal)?;
        let refs = known.external_refs.into_iter().map(|one| ObjectRef::External { system: one.system, id: one.id });
        let id = entry.object_id.0;
        for object_ref in refs.chain([ObjectRef::Id(id), ObjectRef::Key(entry.object_key)]).filter(|own| wanted.contains(own)) {
            found.entry(object_ref).or_default().push((entry.kind.0, id));
        }
    }
    Ok(found)
}
