//! What a database says about its own tables, in lines that read the same whichever database it is.

use crate::support::sql::Database;
use std::collections::BTreeSet;

/// Not ours: the bookkeeping of the migrations; nor are the tables in which SQLite keeps statistics.
const BOOKKEEPING: &str = "__diesel_schema_migrations";

const SQLITE_TABLES: &str =
    "select name as line from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name";
const POSTGRES_TABLES: &str = "select relname as line from pg_class where relkind in ('r', 'p', 'v', 'm', 'f') \
    and relnamespace = 'public'::regnamespace order by relname";

const SQLITE_COLUMNS: &str = "select m.name || '.' || c.name || ' ' || c.type || \
    case when c.\"notnull\" or c.pk > 0 then ' NOT NULL' else '' end || coalesce(' DEFAULT ' || c.dflt_value, '') as line \
    from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and m.name not like 'sqlite_%'";
/// The types by which SQLite keeps what PostgreSQL has names of its own for.
const POSTGRES_COLUMNS: &str = "select c.relname || '.' || a.attname || ' ' || case format_type(a.atttypid, a.atttypmod) \
    when 'uuid' then 'BLOB' when 'bytea' then 'BLOB' when 'bigint' then 'INTEGER' when 'boolean' then 'INTEGER' \
    when 'timestamp with time zone' then 'INTEGER' when 'text' then 'TEXT' when 'jsonb' then 'TEXT' \
    when 'double precision' then 'REAL' else format_type(a.atttypid, a.atttypmod) end || \
    case when a.attnotnull then ' NOT NULL' else '' end || coalesce(' DEFAULT ' || replace(pg_get_expr(d.adbin, d.adrelid), '::jsonb', ''), '') as line \
    from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum \
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped";

const SQLITE_INDEXES: &str = "select m.name || ' ' || i.name || case when i.\"unique\" then ' UNIQUE' else '' end || \
    case when i.partial then ' partial' else '' end || \
    ' (' || (select group_concat(coalesce(x.name, 'expression'), ', ' order by x.seqno) from pragma_index_info(i.name) x) || ')' as line \
    from sqlite_master m join pragma_index_list(m.name) i where m.type = 'table' and m.name not like 'sqlite_%' and i.origin <> 'pk'";
const POSTGRES_INDEXES: &str = "select t.relname || ' ' || c.relname || case when i.indisunique then ' UNIQUE' else '' end || \
    case when i.indpred is not null then ' partial' else '' end || ' (' || (select string_agg(coalesce(a.attname, 'expression'), ', ' \
    order by k.place) from unnest(i.indkey) with ordinality k(number, place) left join pg_attribute a \
    on a.attrelid = i.indrelid and a.attnum = k.number and k.number > 0) || ')' as line \
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid \
    where t.relnamespace = 'public'::regnamespace and not i.indisprimary";

const SQLITE_PRIMARY: &str = "select m.name || ' PRIMARY KEY (' || (select group_concat(c.name, ', ' order by c.pk) \
    from pragma_table_info(m.name) c where c.pk > 0) || ')' as line from sqlite_master m where m.type = 'table' and m.name not like 'sqlite_%'";
const POSTGRES_CONSTRAINTS: &str = "select conrelid::regclass || ' ' || pg_get_constraintdef(oid) as line from pg_constraint \
    where connamespace = 'public'::regnamespace and contype in ('p', 'f', 'c', 'u', 'x')";

/// A link of one object to another.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignKey {
    pub table: String,
    /// The column beside `organization_id`.
    pub column: String,
    pub target: String,
    pub target_column: String,
}

/// Tables, columns with type and nullability, primary keys, indexes and foreign keys; sorted.
pub fn catalog(database: &Database) -> BTreeSet<String> {
    let mut all: Vec<String> = tables(database).into_iter().map(|table| format!("{table} TABLE")).collect();
    all.extend(database.lines(database.either(SQLITE_COLUMNS, POSTGRES_COLUMNS)));
    all.extend(database.lines(database.either(SQLITE_INDEXES, POSTGRES_INDEXES)));
    match database {
        Database::Sqlite(_) => {
            all.extend(database.lines(SQLITE_PRIMARY));
            all.extend(sqlite_foreign_keys(database));
        }
        Database::Postgres(..) => all.extend(database.lines(POSTGRES_CONSTRAINTS)),
    }
    all.into_iter().filter(|line| !line.starts_with(BOOKKEEPING)).collect()
}

/// SQLite does not tell whether a foreign key is deferrable but in the text of the table, where each has its line.
fn sqlite_foreign_keys(database: &Database) -> Vec<String> {
    let mut keys = Vec::new();
    for table in tables(database) {
        let text = database.lines(&format!("select sql as line from sqlite_master where name = '{table}'")).join("\n");
        let lines = text.lines().map(|line| line.trim().trim_end_matches(',')).filter(|line| line.starts_with("FOREIGN KEY"));
        let found: Vec<String> = lines.map(|line| format!("{table} {}", like_postgres(line))).collect();
        let told =
            database.lines(&format!("select cast(count(distinct id) as text) as line from pragma_foreign_key_list('{table}')"));
        assert_eq!(told, [found.len().to_string()], "{text}");
        keys.extend(found);
    }
    keys
}

/// PostgreSQL writes no space between a table and its columns.
fn like_postgres(line: &str) -> String {
    let (columns, target) = line.split_once(" REFERENCES ").unwrap_or_else(|| panic!("{line}"));
    format!("{columns} REFERENCES {}", target.replacen(" (", "(", 1))
}

pub fn tables(database: &Database) -> Vec<String> {
    let mut all = database.lines(database.either(SQLITE_TABLES, POSTGRES_TABLES));
    all.retain(|table| table != BOOKKEEPING);
    all
}

/// Functions and sequences and types of our own; only PostgreSQL has any, and triggers where the table is gone.
pub fn functions(database: &Database) -> Vec<String> {
    database.lines(database.either(
        "select name as line from sqlite_master where type in ('trigger', 'view')",
        "select proname as line from pg_proc where pronamespace = 'public'::regnamespace and probin is null \
         and proname not like 'diesel_%' union all select relname from pg_class \
         where relkind = 'S' and relnamespace = 'public'::regnamespace",
    ))
}

/// The names of the triggers of a table.
pub fn triggers(database: &Database, table: &str) -> Vec<String> {
    let query = database.either(
        "select name as line from sqlite_master where type = 'trigger' and tbl_name = '{}'",
        "select tgname as line from pg_trigger where tgrelid = '{}'::regclass and not tgisinternal",
    );
    database.lines(&query.replace("{}", table))
}

pub fn columns(database: &Database, table: &str) -> Vec<String> {
    database.lines(
        &database
            .either(
                "select name as line from pragma_table_info('{}') order by cid",
                "select column_name as line from information_schema.columns where table_schema = 'public' and table_name = '{}' \
         order by ordinal_position",
            )
            .replace("{}", table),
    )
}

/// The columns whose names end like this, with their tables.
pub fn columns_like(database: &Database, end: &str) -> Vec<(String, String)> {
    let of = |table: String| columns(database, &table).into_iter().map(move |column| (table.clone(), column));
    tables(database).into_iter().flat_map(of).filter(|(_, column)| column.ends_with(end)).collect()
}

pub fn primary_key(database: &Database, table: &str) -> Vec<String> {
    let query = database.either(
        "select name as line from pragma_table_info('{}') where pk > 0 order by pk",
        "select a.attname as line from pg_index i cross join unnest(i.indkey) with ordinality k(number, place) \
         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number \
         where i.indisprimary and i.indrelid = '{}'::regclass order by k.place",
    );
    let key = database.lines(&query.replace("{}", table));
    assert!(!key.is_empty(), "{table} has no primary key");
    key
}

/// The names of the unique indexes besides the primary keys.
pub fn unique_indexes(database: &Database) -> Vec<String> {
    let lines = catalog(database).into_iter().filter(|line| line.contains(" UNIQUE "));
    lines.filter_map(|line| line.split(' ').nth(1).map(str::to_owned)).collect()
}

/// Every foreign key; all but those to `tenants` bind the organisation along with one column.
pub fn foreign_keys(database: &Database) -> Vec<ForeignKey> {
    let lines = catalog(database).into_iter().filter(|line| line.contains(" FOREIGN KEY "));
    lines.map(|line| foreign_key(&line).unwrap_or_else(|| panic!("not a link within an organisation: {line}"))).collect()
}

fn foreign_key(line: &str) -> Option<ForeignKey> {
    let (table, rest) = line.split_once(" FOREIGN KEY (")?;
    let (columns, rest) = rest.split_once(") REFERENCES ")?;
    let (target, rest) = rest.split_once('(')?;
    let (target_columns, _) = rest.split_once(')')?;
    let second = |columns: &str| match columns.split(", ").collect::<Vec<_>>()[..] {
        ["organization_id", column] => Some(column.to_owned()),
        ["organization_id"] if target == "tenants" => Some("organization_id".to_owned()),
        _ => None,
    };
    let (column, target_column) = (second(columns)?, second(target_columns)?);
    Some(ForeignKey { table: table.to_owned(), column, target: target.to_owned(), target_column })
}
