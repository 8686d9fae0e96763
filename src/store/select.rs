//! The statements that read objects, of whichever kind; and a list's filters, order and place. Column names come from
//! the tables of fields in the code, never from a request; every value is bound.
use super::cell::Cells;
use super::conn::dsl::*;
use super::conn::{Conn, MapDbError};
use super::fragment::Fragment;
use super::insert::{ReadRow, Row};
use super::object_meta::{CHUNK, ObjectMetaRow};
use crate::model::{Condition, FieldType, FieldValue as Value, Id, Kind, ListQuery, ObjectMeta, Operator, Result, StringEnum};
use crate::on;
use diesel::sql_types::{BigInt, Untyped};

/// The own table of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [&'static str],
}

/// `SELECT objects.…, t.…`.
fn columns(table: Table) -> Fragment {
    let mut text = String::with_capacity(1024);
    let heads = ObjectMetaRow::COLUMNS.iter().map(|column| ("objects", column));
    for (index, (table, column)) in heads.chain(table.columns.iter().map(|column| (table.name, column))).enumerate() {
        text.push_str(if index == 0 { "SELECT " } else { ", " });
        text.push_str(table);
        text.push('.');
        text.push_str(column);
    }
    Fragment::default().sql(&text)
}

/// ` FROM objects INNER JOIN t ON … WHERE objects.organization_id = …`.
fn from(out: Fragment, org: Id, table: Table, join: &str) -> Fragment {
    let out = out.sql(" FROM objects INNER JOIN ").sql(table.name).sql(" ON ").sql(join);
    out.sql(" WHERE objects.organization_id = ").id(org)
}

/// Objects as their rows tell them: the head, and the columns of their own table to be read by their kind.
type Found = (ObjectMeta, Cells);

async fn load(conn: &mut Conn<'_>, statement: Fragment) -> Result<Vec<Found>> {
    let rows: Vec<Cells> = on!(conn, |c| statement.rows::<Untyped>().load(c)).map_db_error()?;
    rows.into_iter().map(|mut cells| Ok((ObjectMetaRow::read(&mut cells)?.into(), cells))).collect()
}

/// One object.
///
/// # Errors
/// When the database does not answer.
pub async fn find(conn: &mut Conn<'_>, org: Id, table: Table, id: Id) -> Result<Option<Found>> {
    let statement = from(columns(table), org, table, &plain_join(table)).sql(" AND objects.id = ").id(id);
    let row: Option<Cells> = on!(conn, |c| statement.rows::<Untyped>().get_result(c)).optional().map_db_error()?;
    row.map(|mut cells| Ok((ObjectMetaRow::read(&mut cells)?.into(), cells))).transpose()
}

/// Those of some objects that are there, in any order.
///
/// # Errors
/// When the database does not answer.
pub async fn find_all(conn: &mut Conn<'_>, org: Id, table: Table, ids: &[Id]) -> Result<Vec<Found>> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let statement = from(columns(table), org, table, &plain_join(table)).sql(" AND objects.id").among(ids);
        found.extend(load(conn, statement).await?);
    }
    Ok(found)
}

/// The objects for which a condition holds, which may end with an order.
///
/// # Errors
/// When the database does not answer.
pub async fn matching(conn: &mut Conn<'_>, org: Id, table: Table, condition: Fragment) -> Result<Vec<Found>> {
    load(conn, from(columns(table), org, table, &plain_join(table)).sql(" AND ").then(condition)).await
}

/// A page of a list; one object more than it holds, when there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn page(conn: &mut Conn<'_>, org: Id, kind: Kind, table: Table, query: &ListQuery) -> Result<Vec<Found>> {
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX - 1) + 1;
    let out = from(columns(table), org, table, &join(table.name, query)).sql(" AND ");
    let out = order(filter(out, org, kind, table.name, query, true).sql(" ORDER BY "), table.name, query);
    load(conn, out.sql(" LIMIT ").integer(Some(limit))).await
}

/// How many objects a list has in all.
///
/// # Errors
/// When the database does not answer.
pub async fn count(conn: &mut Conn<'_>, org: Id, kind: Kind, table: Table, query: &ListQuery) -> Result<i64> {
    let out = from(Fragment::default().sql("SELECT count(*)"), org, table, &join(table.name, query)).sql(" AND ");
    let statement = filter(out, org, kind, table.name, query, false);
    on!(conn, |c| statement.rows::<BigInt>().get_result::<i64>(c)).map_db_error()
}

fn plain_join(Table { name, .. }: Table) -> String {
    format!("{name}.organization_id = objects.organization_id AND {name}.id = objects.id")
}

/// The filters of a list; with `place`, also where it goes on.
fn filter(out: Fragment, org: Id, kind: Kind, table: &str, query: &ListQuery, place: bool) -> Fragment {
    let mut out = out.sql("(objects.kind = '").sql(kind.as_str()).sql("'");
    if !common_leads(query) {
        out = out.sql(" AND ").sql(table).sql(".organization_id = ").id(org);
    }
    for condition in &query.conditions {
        out = one(out.sql(" AND "), org, kind, condition);
    }
    if place && query.after.is_some() {
        out = behind(out.sql(" AND "), table, query);
    }
    out.sql(")")
}

/// The order of a list; always ends with the id.
fn order(mut out: Fragment, table: &str, query: &ListQuery) -> Fragment {
    for sort in &query.sort {
        out = out.sql(&sort_column(sort.field.order, table, query)).sql(if sort.descending { " DESC, " } else { ", " });
    }
    let last = query.sort.last().is_some_and(|s| s.descending);
    out.sql(&id_column(table, query)).sql(if last { " DESC" } else { "" })
}

/// How the kind's own table joins the common one. Where an index of the common table gives the order, the join is
/// written so that planners can only start there and stop after a page; else they choose.
fn join(table: &str, query: &ListQuery) -> String {
    let id = if common_leads(query) { "coalesce(objects.id, objects.id)" } else { "objects.id" };
    let org = if common_leads(query) {
        "coalesce(objects.organization_id, objects.organization_id)"
    } else {
        "objects.organization_id"
    };
    format!("{table}.organization_id = {org} AND {table}.id = {id}")
}

/// Whether the order comes from the common table and no filter is so narrow that it should come first.
fn common_leads(query: &ListQuery) -> bool {
    let ordered = query.sort.first().is_some_and(|s| s.field.order.contains("objects.") && s.field.order != "objects.id");
    let narrow = |condition: &Condition| match condition {
        Condition::Compare { field, operator, .. } => {
            *operator == Operator::Equal && matches!(field.kind, FieldType::Link(_) | FieldType::Listed(..) | FieldType::Id)
        }
        Condition::HasExternalRef { .. } | Condition::HasTag(_) | Condition::IdIn(_) => true,
        Condition::TextSearch(_) | Condition::All(_) | Condition::Any(_) => false,
    };
    ordered && !query.conditions.iter().any(narrow)
}

/// The id is read from the table that leads: the own one holds nothing but this kind.
fn id_column(table: &str, query: &ListQuery) -> String {
    if common_leads(query) { "objects.id".into() } else { format!("{table}.id") }
}

fn sort_column(order: &str, table: &str, query: &ListQuery) -> String {
    if order == "objects.id" { id_column(table, query) } else { order.to_owned() }
}

fn one(out: Fragment, org: Id, kind: Kind, condition: &Condition) -> Fragment {
    match condition {
        Condition::All(all) => several(out, org, kind, all, " AND ", "1 = 1"),
        Condition::Any(all) => several(out, org, kind, all, " OR ", "1 = 0"),
        Condition::IdIn(ids) => out.sql("objects.id").among(ids),
        Condition::Compare { field, values, .. } if let FieldType::Listed(_, list) = field.kind => listed(out, org, list, values),
        Condition::Compare { field, operator, values } => compare(out, field.column, *operator, values),
        Condition::HasTag(tags) => {
            let mut out = out.sql("objects.id IN (SELECT object_id FROM tags WHERE organization_id = ");
            out = out.value(&Value::Id(org)).sql(" AND tag IN (");
            for (index, tag) in tags.iter().enumerate() {
                out = out.sql(if index == 0 { "" } else { ", " }).value(&Value::Text(tag.clone()));
            }
            out.sql("))")
        }
        Condition::HasExternalRef { system, id } => out
            .sql("objects.id IN (SELECT object_id FROM external_refs WHERE organization_id = ")
            .value(&Value::Id(org))
            .sql(" AND kind = '")
            .sql(kind.as_str())
            .sql("' AND system = ")
            .value(&Value::Text(system.clone()))
            .sql(" AND external_id = ")
            .value(&Value::Text(id.clone()))
            .sql(")"),
        Condition::TextSearch(words) => {
            let mut out = out.sql("(1 = 1");
            for word in words {
                let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
                out = out.sql(" AND objects.search LIKE ").value(&Value::Text(format!("%{escaped}%"))).sql(" ESCAPE '\\'");
            }
            out.sql(")")
        }
    }
}

fn several(out: Fragment, org: Id, kind: Kind, all: &[Condition], glue: &str, none: &str) -> Fragment {
    let mut out = out.sql("(").sql(if all.is_empty() { none } else { "" });
    for (index, condition) in all.iter().enumerate() {
        out = one(out.sql(if index == 0 { "" } else { glue }), org, kind, condition);
    }
    out.sql(")")
}

/// Objects whose list holds any of these; `null` asks for an empty list.
fn listed(out: Fragment, org: Id, list: &str, values: &[Value]) -> Fragment {
    let owners = |out: Fragment| {
        out.sql("SELECT owner_id FROM links WHERE organization_id = ").id(org).sql(" AND field = '").sql(list).sql("'")
    };
    let ids: Vec<Id> = values.iter().filter_map(|value| if let Value::Id(id) = value { Some(*id) } else { None }).collect();
    let mut out = owners(out.sql("(objects.id IN (")).sql(" AND target_id").among(&ids).sql(")");
    if values.contains(&Value::Null) {
        out = owners(out.sql(" OR objects.id NOT IN (")).sql(")");
    }
    out.sql(")")
}

fn compare(out: Fragment, column: &str, operator: Operator, values: &[Value]) -> Fragment {
    let (sign, glue) = match operator {
        Operator::Equal => (" = ", " OR "),
        Operator::NotEqual => (" <> ", " AND "),
        Operator::Less => (" < ", " OR "),
        Operator::AtMost => (" <= ", " OR "),
        Operator::Greater => (" > ", " OR "),
        Operator::AtLeast => (" >= ", " OR "),
    };
    let mut out = out.sql("(");
    for (index, value) in values.iter().enumerate() {
        out = out.sql(if index == 0 { "" } else { glue });
        out = match (value, operator) {
            // Who has no name has an empty one in the table.
            (Value::Null, Operator::NotEqual) if column == "objects.name" => out.sql("objects.name <> ''"),
            (Value::Null, _) if column == "objects.name" => out.sql("objects.name = ''"),
            (Value::Null, Operator::NotEqual) => out.sql(column).sql(" IS NOT NULL"),
            (Value::Null, _) => out.sql(column).sql(" IS NULL"),
            // What is absent differs from every value.
            (value, Operator::NotEqual) => {
                out.sql("(").sql(column).sql(" IS NULL OR ").sql(column).sql(sign).value(value).sql(")")
            }
            (value, _) => out.sql(column).sql(sign).value(value),
        };
    }
    out.sql(")")
}

/// `a >= x AND (a > x OR (a = x AND …id…))`: the leading comparison keeps the index range tight on both planners.
fn behind(out: Fragment, table: &str, query: &ListQuery) -> Fragment {
    let Some(cursor) = &query.after else { return out.sql("1 = 1") };
    let mut keys: Vec<(String, bool, Value)> = query
        .sort
        .iter()
        .zip(&cursor.values)
        .map(|(sort, value)| (sort_column(sort.field.order, table, query), sort.descending, value.clone()))
        .collect();
    let last = query.sort.last().is_some_and(|s| s.descending);
    keys.push((id_column(table, query), last, Value::Id(cursor.id)));
    let mut out = out.sql("(");
    for (index, (column, descending, value)) in keys.iter().enumerate() {
        let strict = if *descending { " < " } else { " > " };
        if index + 1 == keys.len() {
            out = out.sql(column).sql(strict).value(value);
        } else {
            let loose = if *descending { " <= " } else { " >= " };
            out = out.sql(column).sql(loose).value(value).sql(" AND (").sql(column).sql(strict).value(value).sql(" OR (");
        }
    }
    out.sql(&"))".repeat(keys.len() - 1)).sql(")")
}
