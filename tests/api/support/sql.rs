//! The database of a home as its operator reaches it: by SQL, past the service.

use super::cluster::{Cluster, database_name};
use super::server::Home;
use diesel::connection::SimpleConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types};

pub enum Database<'c> {
    Sqlite(String),
    Postgres(&'c Cluster, String),
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    line: Option<String>,
}

impl<'c> Database<'c> {
    /// The database of a home; a PostgreSQL one lies in this cluster.
    pub fn of(home: &Home, cluster: impl FnOnce() -> &'c Cluster) -> Database<'c> {
        match &home.database_url {
            Some(url) => Database::Postgres(cluster(), database_name(url).to_owned()),
            None => Database::Sqlite(home.data().join("holdfast.db").to_string_lossy().into_owned()),
        }
    }

    /// The text for the one database or for the other.
    pub fn either<'t>(&self, sqlite: &'t str, postgres: &'t str) -> &'t str {
        match self {
            Database::Sqlite(_) => sqlite,
            Database::Postgres(..) => postgres,
        }
    }

    /// Runs statements in one transaction; the words of the refusal when the database refuses them.
    pub fn try_execute(&self, statements: &str) -> Result<(), String> {
        match self {
            Database::Sqlite(_) => {
                let mut connection = self.open();
                let done = connection.batch_execute(&format!("BEGIN; {statements}; COMMIT"));
                done.map_err(|error| error.to_string())
            }
            Database::Postgres(cluster, name) => cluster.try_psql(name, statements).map(drop),
        }
    }

    #[track_caller]
    pub fn execute(&self, statements: &str) {
        if let Err(error) = self.try_execute(statements) {
            panic!("{statements}: {error}");
        }
    }

    /// The rows of a query whose one column is called `line`.
    #[track_caller]
    pub fn lines(&self, query: &str) -> Vec<String> {
        match self {
            Database::Sqlite(_) => {
                let rows: Vec<Line> = sql_query(query).load(&mut self.open()).unwrap_or_else(|error| panic!("{query}: {error}"));
                rows.into_iter().map(|row| row.line.unwrap_or_default()).collect()
            }
            Database::Postgres(cluster, name) => cluster.psql(name, query).lines().map(str::to_owned).collect(),
        }
    }

    fn open(&self) -> SqliteConnection {
        let Database::Sqlite(path) = self else { panic!("not an SQLite database") };
        let mut connection = SqliteConnection::establish(path).expect("the database file opens");
        connection.batch_execute("PRAGMA busy_timeout=5000; PRAGMA foreign_keys=ON").expect("settings of the connection");
        connection
    }
}
