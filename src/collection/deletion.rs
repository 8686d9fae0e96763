//! Deletion: only what nothing refers to any more.
use super::change_set::{ChangeSet, assigned_to_caller, not_assigned};
use super::command::{BatchContext, WriteOutcome};
use crate::model::{Error, Faults, Id, Result, StringEnum};
use crate::on;
use crate::store::fragment::Fragment;
use crate::store::ledger::{AuditAction, NewAuditEntry};
use crate::store::types::{DbId, sql::Identity};
use crate::store::{AnyObject, Kinds, MapDbError, Tx, object_meta, resolve};
use std::collections::{HashMap, HashSet};

/// So many referrers are named; more are only counted.
const MAX_NAMED: usize = 20;

impl ChangeSet {
    /// Deletes what the commands of this set want deleted.
    ///
    /// # Errors
    /// When the database does not answer; what hinders a deletion is its outcome.
    pub async fn delete(&mut self, tx: &mut Tx, kinds: Kinds, context: &mut BatchContext) -> Result<()> {
        let org = tx.organization();
        let wanted: Vec<usize> = (0..self.commands.len()).filter(|index| self.commands[*index].deletes(context)).collect();
        let ids: Vec<Id> = wanted.iter().map(|index| self.commands[*index].id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let wanted = self.authorize_deletions(tx, wanted).await?;
        let faults = blocked_deletions(tx, &ids, kinds, context).await?;
        let mut gone = Vec::new();
        for index in wanted {
            let one = &mut self.commands[index];
            let Some(old) = one.old.clone() else { continue };
            if let Some(fault) = faults.get(&one.id) {
                one.outcome = Err(fault.clone());
                continue;
            }
            gone.push(one.id);
            one.outcome = Ok(Some((WriteOutcome::Deleted, old)));
        }
        self.kind.before_delete(tx, &gone).await?;
        object_meta::delete(&mut tx.conn()?, org, &gone).await?;
        let gone: HashSet<Id> = gone.into_iter().collect();
        for one in self.commands.iter().filter(|one| one.outcome.is_ok() && gone.contains(&one.id)) {
            let Some(old) = &one.old else { continue };
            let head = old.meta();
            let fact = NewAuditEntry {
                kind: self.kind.info().kind,
                in_graph: self.kind.info().in_graph,
                id: head.id,
                key: head.key.clone(),
                version: head.version + 1,
                operation: AuditAction::Deleted,
                body: None,
            };
            tx.append(fact).await?;
            context.objective_changes.others.extend(old.objective_edge().map(|(_, provider)| provider));
        }
        Ok(())
    }

    /// The commands to delete what the caller may delete; the others fail.
    async fn authorize_deletions(&mut self, tx: &mut Tx, wanted: Vec<usize>) -> Result<Vec<usize>> {
        let olds: Vec<&AnyObject> = wanted.iter().filter_map(|index| self.commands[*index].old.as_ref()).collect();
        let assigned = assigned_to_caller(tx, self.kind, &olds).await?;
        let (kept, refused): (Vec<_>, Vec<_>) = wanted.into_iter().zip(assigned).partition(|(_, assigned)| *assigned);
        for (index, _) in refused {
            self.commands[index].outcome = Err(not_assigned());
        }
        Ok(kept.into_iter().map(|(index, _)| index).collect())
    }
}

/// Which objects have to stay, and why, as the conflict to answer. Referrers that go too do not count, unless they have
/// to stay themselves.
async fn blocked_deletions(tx: &mut Tx, ids: &[Id], kinds: Kinds, context: &mut BatchContext) -> Result<HashMap<Id, Error>> {
    let referrers = referrers(tx, ids, kinds).await?;
    let to_delete = &mut context.to_delete;
    let mut targets: HashMap<Id, Vec<Id>> = HashMap::new();
    for (target, all) in &referrers {
        all.iter().for_each(|referrer| targets.entry(*referrer).or_default().push(*target));
    }
    let mut staying: Vec<Id> = targets.keys().copied().filter(|id| !to_delete.contains(id)).collect();
    let mut held: HashSet<Id> = HashSet::new();
    while let Some(stays) = staying.pop() {
        for target in targets.get(&stays).into_iter().flatten() {
            if held.insert(*target) {
                to_delete.remove(target);
                staying.push(*target);
            }
        }
    }
    let because = |target: Id| referrers[&target].iter().copied().filter(|id| !to_delete.contains(id));
    let shown: HashSet<Id> = held.iter().flat_map(|target| because(*target).take(MAX_NAMED)).collect();
    let (org, visibility) = (tx.organization(), tx.context().visibility.clone());
    let names = resolve::references(&mut tx.conn()?, org, &shown).await?;
    let conflict = |target: Id| {
        let mut faults = Faults::default();
        let named = because(target).take(MAX_NAMED).filter_map(|id| names.get(&id));
        for reference in named.filter(|reference| !visibility.hides(reference.kind)) {
            let label = reference.name.as_deref().unwrap_or(&reference.key);
            let detail = format!("{} {} ({label}) refers to it", reference.kind.as_str(), reference.key);
            faults.add(format!("/{}/{}", reference.kind.collection(), reference.id), "still_referenced", detail);
        }
        let detail = format!("{} other objects refer to it", because(target).count());
        (target, Error::Conflict { code: "still_referenced", detail, faults: faults.into_vec() })
    };
    Ok(held.iter().copied().map(conflict).collect())
}

/// What refers to objects, but for themselves.
async fn referrers(tx: &mut Tx, ids: &[Id], kinds: Kinds) -> Result<HashMap<Id, Vec<Id>>> {
    let org = tx.organization();
    let of_kinds = kinds.all().flat_map(|kind| kind.info().pointers);
    let pointers: Vec<_> = of_kinds.chain(&[("links", "target_id", "owner_id")]).collect();
    let mut found: HashMap<Id, Vec<Id>> = HashMap::new();
    for ids in ids.chunks(1000) {
        let mut statement = Fragment::default();
        for (index, (table, column, id)) in pointers.iter().enumerate() {
            statement = statement
                .sql(if index == 0 { "" } else { " UNION ALL " })
                .sql(&format!("SELECT {column}, {id} FROM {table} WHERE organization_id = "))
                .id(org)
                .sql(&format!(" AND {column} IN ("))
                .ids(ids)
                .sql(")");
        }
        let rows: Vec<(DbId, DbId)> =
            on!(&mut tx.conn()?, |c| statement.rows::<(Identity, Identity)>().load(c)).map_db_error()?;
        for (target, referrer) in rows.into_iter().filter(|(target, referrer)| target != referrer) {
            found.entry(target.0).or_default().push(referrer.0);
        }
    }
    for all in found.values_mut() {
        all.sort_unstable();
        all.dedup();
    }
    Ok(found)
}
