//! Holdfast tried from outside: a real process, real HTTP, SQLite and PostgreSQL.

mod access;
mod analyses;
mod command;
mod conformance;
mod continuity;
mod crash;
mod dependencies;
mod differential;
mod exposure;
mod gaps;
mod lifecycle;
mod migrations;
mod netbox;
mod openapi;
mod planning;
mod plans;
mod practice;
mod prepared;
mod reports;
mod rules;
mod singles;
mod storm;
mod story;
mod support;
mod tokens;
mod verify;
