//! The life of a task: open → in_progress → done; cancelled from both; done tasks may be taken up again.
use super::{MeasureTask, TaskStatus};
use crate::resources::measures::NoTerms;
use crate::resources::{Lifecycle, Move, Moved};
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

    fn status(&self) -> TaskStatus {
        self.status
    }
    fn enter(&mut self, to: TaskStatus, _terms: &NoTerms, moved: &Moved) {
        self.status = to;
        self.status_reason.clone_from(&moved.comment);
        self.status_changed_at = moved.now;
    }
}
