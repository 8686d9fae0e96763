//! Holdfast tried from outside: a real process, real HTTP, SQLite and PostgreSQL.

mod conformance;
mod support;
