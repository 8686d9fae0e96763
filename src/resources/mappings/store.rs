use super::{Effect, Mapping, Relation};
use crate::model::Error;
use crate::store::prelude::*;
use std::collections::{HashMap, HashSet};

diesel::table! {
    use crate::store::types::sql::{Identity};
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    mappings (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        dependent_id -> Identity,
        provider_id -> Identity,
        relation -> Text,
        effect -> Text,
        redundancy_group -> Text,
        required -> Nullable<BigInt>,
        needed_to_start -> Bool,
    }
}

row! {
    pub struct MappingRow in mappings {
        organization_id: DbId,
        id: DbId,
        dependent_id: DbId,
        provider_id: DbId,
        relation: DbEnum<Relation>,
        effect: DbEnum<Effect>,
        redundancy_group: String,
        required: Option<i64>,
        needed_to_start: bool,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Mapping) -> MappingRow {
    let Mapping { dependent, provider, relation, effect, redundancy_group, required, needed_to_start } = resource;
    MappingRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        dependent_id: DbId::of(dependent),
        provider_id: DbId::of(provider),
        relation: DbEnum(*relation),
        effect: DbEnum(*effect),
        redundancy_group: redundancy_group.clone().unwrap_or_default(),
        required: *required,
        needed_to_start: *needed_to_start,
    }
}

impl From<MappingRow> for Mapping {
    fn from(row: MappingRow) -> Mapping {
        Mapping {
            dependent: row.dependent_id.link(),
            provider: row.provider_id.link(),
            relation: row.relation.0,
            effect: row.effect.0,
            redundancy_group: Some(row.redundancy_group).filter(|group| !group.is_empty()),
            required: row.required,
            needed_to_start: row.needed_to_start,
        }
    }
}

stored!(Mapping, MappingRow, [("mappings", "dependent_id", "id"), ("mappings", "provider_id", "id")]);
#[derive(Queryable)]
struct Member {
    id: DbId,
    dependent: DbId,
    group: String,
    required: Option<i64>,
    provider: DbId,
    relation: String,
}

impl ResourceHooks for Mapping {
    /// Two rules between mappings, looked at as they will be after the whole set: the same dependent, provider,
    /// relation and group only once, and `required` equal within one group.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        let org = tx.organization();
        let edge = |one: &PlannedChange<Self>| (DbId::of(&one.new.body.dependent), DbId::of(&one.new.body.provider));
        let mut edges: Vec<(DbId, DbId)> = planned.iter().map(edge).collect();
        edges.sort_unstable();
        let mut members: HashMap<Id, Member> = HashMap::new();
        for edges in edges.chunks(CHUNK) {
            let (dependents, providers): (HashSet<DbId>, HashSet<DbId>) = edges.iter().copied().unzip();
            // Only what can collide: one dependent may stand in very many mappings.
            let close = mappings::provider_id.eq_any(providers).or(mappings::redundancy_group.ne(""));
            let rows: Vec<Member> = on!(&mut tx.conn()?, |c| mappings::table
                .filter(mappings::organization_id.eq(DbId(org)))
                .filter(mappings::dependent_id.eq_any(dependents))
                .filter(close)
                .select((
                    mappings::id,
                    mappings::dependent_id,
                    mappings::redundancy_group,
                    mappings::required,
                    mappings::provider_id,
                    mappings::relation,
                ))
                .load(c))
            .map_db_error()?;
            members.extend(rows.into_iter().map(|member| (member.id.0, member)));
        }
        for one in planned.iter().filter(|one| one.fault.is_none()) {
            let new = row(org, &one.new.meta, &one.new.body);
            members.insert(new.id.0, Member::from(new));
        }
        let mut edges: HashMap<(DbId, DbId, &str, &str), Vec<Id>> = HashMap::new();
        let mut groups: HashMap<(DbId, &str), HashSet<Option<i64>>> = HashMap::new();
        for (id, member) in &members {
            edges.entry((member.dependent, member.provider, &member.relation, &member.group)).or_default().push(*id);
            if !member.group.is_empty() {
                groups.entry((member.dependent, &member.group)).or_default().insert(member.required);
            }
        }
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let Some(member) = members.get(&one.new.meta.id) else { continue };
            if edges.get(&(member.dependent, member.provider, &member.relation, &member.group)).is_some_and(|all| all.len() > 1) {
                let detail = "the same dependent, provider, relation and group stand in another mapping";
                one.fault = Some(Error::conflict("mapping_exists", detail));
            } else if groups.get(&(member.dependent, &member.group)).is_some_and(|counts| counts.len() > 1) {
                let detail = format!("required differs within the group {:?} of this dependent", member.group);
                one.fault = Some(Error::invalid("/required", "inconsistent", detail));
            }
        }
        Ok(())
    }
}

impl From<MappingRow> for Member {
    fn from(row: MappingRow) -> Member {
        let relation = crate::model::StringEnum::as_str(row.relation.0).to_owned();
        Member {
            id: row.id,
            dependent: row.dependent_id,
            group: row.redundancy_group,
            required: row.required,
            provider: row.provider_id,
            relation,
        }
    }
}

/// The mappings in which any of some objects stands, on either side; not more than `most`.
pub async fn around(conn: &mut Conn<'_>, org: Id, ids: &[Id], most: usize) -> Result<Vec<Id>> {
    let ids: Vec<DbId> = ids.iter().copied().map(DbId).collect();
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut found: Vec<DbId> = Vec::new();
    let dependents: Vec<DbId> = on!(conn, |c| mappings::table
        .filter(mappings::organization_id.eq(DbId(org)))
        .filter(mappings::dependent_id.eq_any(&ids))
        .select(mappings::id)
        .order(mappings::id)
        .limit(most)
        .load(c))
    .map_db_error()?;
    let providers: Vec<DbId> = on!(conn, |c| mappings::table
        .filter(mappings::organization_id.eq(DbId(org)))
        .filter(mappings::provider_id.eq_any(&ids))
        .select(mappings::id)
        .order(mappings::id)
        .limit(most)
        .load(c))
    .map_db_error()?;
    found.extend(dependents);
    found.extend(providers);
    found.sort_unstable();
    found.dedup();
    found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(found.into_iter().map(Id::from).collect())
}
