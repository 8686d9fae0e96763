//! The objectives of a business process fit together: recovery and work recovery end before the disruption becomes intolerable
//! (rto + wrt <= mtpd; ISO 22301, 8.2.2). An absent work recovery time counts as none.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{GapMatch, GapSeverity, spoken};

pub const REMEDY: &str = "Agree with the business on objectives that fit: a shorter RTO or work recovery time, or a longer MTPD.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let items = facts.landscape.items();
    let gap = |node: &usize| {
        let item = &items[*node];
        let (rto, mtpd) = item.own.rto.zip(item.own.mtpd)?;
        let wrt = item.wrt.unwrap_or(0);
        if rto + wrt <= mtpd {
            return None;
        }
        let severity = if facts.is_vital(*node) { GapSeverity::Critical } else { GapSeverity::Major };
        let (rto, wrt, mtpd) = (spoken(rto), spoken(wrt), spoken(mtpd));
        let words = format!("RTO {rto} and work recovery time {wrt} together are more than the MTPD of {mtpd}.");
        Some(GapMatch::new(severity, item.reference(), words))
    };
    facts.active.iter().filter_map(gap).collect()
}
