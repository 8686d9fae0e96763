//! What the filters of a list refer to.
use crate::model::{Condition, Error, ExternalRef, FieldType, FieldValue, Id, Kind, Query, Result, Spelling};
use crate::store::{AnyKind, Conn, Place, Scene, ledger, resolve};
use std::collections::HashSet;

/// A list of the past is put together in memory; it may hold so many objects.
pub const MOST_PAST: i64 = 200_000;
/// Looks up what the filters refer to, as it is now or was at a place in the ledger. A reference that leads nowhere is a
/// fault of the request.
pub async fn settle_filters(conn: &mut Conn<'_>, scene: &Scene, query: &mut Query) -> Result<()> {
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
            FieldValue::Today => **value = FieldValue::Text(scene.now.day()),
            FieldValue::Spelled(spelling) => {
                kinds.extend(targets(field.kind));
                wanted.insert(spelling.clone());
            }
            _ => {}
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let kinds: Vec<Kind> = kinds.into_iter().collect();
    let found = match scene.place {
        Place::Past(seq) => past_found(conn, scene.organization, &kinds, seq, &wanted).await?,
        _ => resolve::locate(conn, scene.organization, &kinds, &wanted).await?,
    };
    for (field, value) in places {
        let FieldValue::Spelled(spelling) = &*value else { continue };
        let all = targets(field.kind);
        let hits: Vec<Id> =
            found.get(spelling).into_iter().flatten().filter(|(kind, _)| all.contains(kind)).map(|(_, id)| *id).collect();
        let fault = |code, words| Error::invalid(field.name, code, format!("{spelling} {words}"));
        *value = match hits.as_slice() {
            [id] => FieldValue::Id(*id),
            [] => return Err(fault("unknown_reference", "is unknown")),
            _ => return Err(fault("ambiguous_reference", "stands in several kinds: use the UUID")),
        };
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
pub(super) async fn ask_graph(conn: &mut Conn<'_>, scene: &Scene, kind: &dyn AnyKind, query: &mut Query) -> Result<()> {
    for condition in &mut query.conditions {
        if let Condition::Compare { field, values, .. } = condition
            && matches!(field.kind, FieldType::Exposed)
        {
            let ids = values.iter().filter_map(|value| if let FieldValue::Id(id) = value { Some(*id) } else { None });
            let ids: Vec<Id> = ids.collect();
            let exposing = kind.exposing(conn, scene, &ids).await?;
            *condition = Condition::Among(exposing);
        }
    }
    Ok(())
}

/// The objects that spellings named at a place in the ledger.
async fn past_found(
    conn: &mut Conn<'_>,
    org: Id,
    kinds: &[Kind],
    seq: i64,
    wanted: &HashSet<Spelling>,
) -> Result<resolve::Found> {
    #[derive(serde::Deserialize)]
    struct Known {
        external_refs: Vec<ExternalRef>,
    }
    let mut found = resolve::Found::new();
    for entry in ledger::as_of(conn, org, kinds, seq, 5 * MOST_PAST).await? {
        let known: Known = serde_json::from_str(entry.body.as_deref().unwrap_or("null")).map_err(Error::internal)?;
        let refs = known.external_refs.into_iter().map(|one| Spelling::External { system: one.system, id: one.id });
        let id = entry.object_id.0;
        for spelling in refs.chain([Spelling::Id(id), Spelling::Key(entry.object_key)]).filter(|own| wanted.contains(own)) {
            found.entry(spelling).or_default().push((entry.kind.0, id));
        }
    }
    Ok(found)
}
