//! What a landscape knows of losses and the ways back from them.
use super::builder::Item;
use super::landscape::Landscape;
use super::net::State;
use super::recovery::{Improvement, RecoveryCapability, cheapest_improvement, data_losses, recover};
use super::restoration::Restoration;
use crate::model::Kind;
use std::sync::Arc;

impl Landscape {
    /// What each node can do. A service that does not say how long it takes to rebuild is rebuilt by restarting it once what
    /// it depends on is back; a business process takes no time of its own until it runs again.
    pub fn capabilities(&self) -> &[RecoveryCapability] {
        self.capabilities.get_or_init(|| {
            let capabilities = |item: &Item| match item.kind {
                Kind::Service => {
                    RecoveryCapability { recovery: item.capability.recovery.or(item.capability.restart), ..item.capability }
                }
                Kind::BusinessProcess => RecoveryCapability { recovery: Some(0), restart: Some(0), data_loss: None },
                _ => item.capability,
            };
            self.items().iter().map(capabilities).collect()
        })
    }

    /// Some nodes with everything that stands at the sites among them.
    pub fn with_places(&self, lost: &[usize]) -> Vec<usize> {
        let mut all = lost.to_vec();
        let mut seen = vec![false; self.items().len()];
        all.retain(|node| !std::mem::replace(&mut seen[*node], true));
        let mut next = 0;
        while let Some(node) = all.get(next).copied() {
            next += 1;
            for step in self.graph().dependents(node).iter().filter(|step| step.place) {
                let there = step.node as usize;
                if !std::mem::replace(&mut seen[there], true) {
                    all.push(there);
                }
            }
        }
        all
    }

    /// The way back from the loss of some nodes. With a site everything there is lost, and is built up elsewhere.
    pub fn restoration(&self, lost: &[usize]) -> Restoration {
        let lost = self.with_places(lost);
        let mut scratch = self.scratch();
        let states = self.graph().impact(&mut scratch, &lost).states().to_vec();
        let recovery = recover(self.graph(), self.capabilities(), &states, &lost);
        let data = data_losses(self.graph(), self.capabilities(), &states, &lost).into_iter().collect();
        let silent = |node: &usize| self.items()[*node].keeps_data && self.capabilities()[*node].data_loss.is_none();
        let silent: Vec<usize> = lost.into_iter().filter(silent).collect();
        let unaccounted = self.graph().impact(&mut scratch, &silent).states().iter().map(|state| *state == State::Down).collect();
        Restoration { states, recovery, data, unaccounted }
    }

    /// The way back when every component and every service is lost.
    pub fn total(&self) -> Arc<Restoration> {
        let all = self.all_lost.get_or_init(|| {
            let built = |node: &usize| {
                let item = &self.items()[*node];
                item.live && matches!(item.kind, Kind::Component | Kind::Service)
            };
            let lost: Vec<usize> = (0..self.items().len()).filter(built).collect();
            Arc::new(self.restoration(&lost))
        });
        Arc::clone(all)
    }

    /// The cheapest single improvement that brings a node back in time.
    pub fn improvement(&self, restoration: &Restoration, node: usize, target: i64) -> Option<Improvement> {
        cheapest_improvement(self.graph(), &restoration.recovery, node, target)
    }

    /// What a node needs of what is down, itself included: everything that may hold its return up.
    pub fn needed_by(&self, restoration: &Restoration, node: usize) -> Vec<usize> {
        let mut seen = vec![false; self.items().len()];
        seen[node] = true;
        let mut all = vec![node];
        let mut next = 0;
        while let Some(node) = all.get(next).copied() {
            next += 1;
            for step in self.graph().providers(node) {
                let provider = step.node as usize;
                let waits = step.effect != State::Up && (step.needed || step.group.is_some());
                if waits && restoration.states[provider] == State::Down && !std::mem::replace(&mut seen[provider], true) {
                    all.push(provider);
                }
            }
        }
        all
    }
}
