//! The life of a task: open → in_progress → done; cancelled from both; done tasks may be taken up again.
use super::{MeasureTask, TaskStatus};
use crate::model::Timestamp;
use crate::model::{Lifecycle, Move, NoTerms};
use crate::standing;
use TaskStatus::{Cancelled, Done, InProgress, Open};

impl Lifecycle for MeasureTask {
    type Status = TaskStatus;
    type Terms = NoTerms;
    type Facts = ();
    const MOVES: &'static [Move<TaskStatus>] = &[
        Move::ordinary(&[Open, Done], InProgress),
        Move::ordinary(&[Open, InProgress], Done),
        Move::ordinary(&[Open, InProgress], Cancelled),
    ];

    standing!();
}
