//! Holdfast tried from outside: a real process, real HTTP, SQLite and PostgreSQL.

mod access;
mod command;
mod conformance;
mod crash;
mod dependencies;
mod differential;
mod migrations;
mod netbox;
mod openapi;
mod rules;
mod storm;
mod support;
mod tokens;
mod verify;
