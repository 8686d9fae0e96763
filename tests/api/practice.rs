//! The event of disaster, practised and in earnest: crews, live boards, figures, disruptions and series of exercises.

mod board;
mod buttons;
mod crew;
mod disruptions;
mod figures;
mod ledger;
mod series;
pub mod stage;
mod stream;
