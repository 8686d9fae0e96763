//! The life of a task: open → in_progress → done; cancelled from both; done tasks may be taken up again.
use super::{MeasureTask, TaskStatus};
use crate::model::{Lifecycle, NoTerms, Timestamp, Transition};
use crate::status_fields;
use TaskStatus::{Cancelled, Done, InProgress, Open};

impl Lifecycle for MeasureTask {
    type Status = TaskStatus;
    type Terms = NoTerms;
    type GuardFacts = ();
    const TRANSITIONS: &'static [Transition<TaskStatus>] = &[
        Transition::ordinary(&[Open, Done], InProgress),
        Transition::ordinary(&[Open, InProgress], Done),
        Transition::ordinary(&[Open, InProgress], Cancelled),
    ];

    status_fields!();
}
