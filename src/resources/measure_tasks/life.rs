//! The life of a task: open → in_progress → done; cancelled from both; done tasks may be taken up again.
use super::{MeasureTask, TaskStatus};
use crate::auth::Action;
use crate::resources::measures::NoTerms;
use crate::resources::{Lifecycle, Move, Moved};
use TaskStatus::{Cancelled, Done, InProgress, Open};

const fn ordinary(from: &'static [TaskStatus], to: TaskStatus) -> Move<TaskStatus> {
    Move { from, to, action: Action::Write }
}

impl Lifecycle for MeasureTask {
    type Status = TaskStatus;
    type Terms = NoTerms;
    type Facts = ();
    const MOVES: &'static [Move<TaskStatus>] =
        &[ordinary(&[Open, Done], InProgress), ordinary(&[Open, InProgress], Done), ordinary(&[Open, InProgress], Cancelled)];

    fn status(&self) -> TaskStatus {
        self.status
    }
    fn enter(&mut self, to: TaskStatus, _terms: &NoTerms, moved: &Moved) {
        self.status = to;
        self.status_reason.clone_from(&moved.comment);
        self.status_changed_at = moved.now;
    }
}
