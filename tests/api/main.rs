//! Holdfast tried from outside: a real process, real HTTP, SQLite and PostgreSQL.

mod access;
mod conformance;
mod openapi;
mod support;
mod tokens;
