//! What the dependency graph reads of the table of a kind.

/// SQL expressions over the kind's table, which is called `t`.
#[derive(Debug, Clone, Copy)]
pub struct NodeColumns {
    /// The site it stands at, or lies in.
    pub site: &'static str,
    pub owner: &'static str,
    pub wrt_seconds: &'static str,
    pub recovery_seconds: &'static str,
    pub restart_seconds: &'static str,
    pub data_loss_seconds: &'static str,
    /// Whether it is a vital business function.
    pub vital: &'static str,
    /// How critical it is, from 0 to 3.
    pub criticality: &'static str,
    /// Whether data is kept there.
    pub keeps_data: &'static str,
}

const NO_ID: &str = "CAST(NULL AS uuid)";
const NO_SECONDS: &str = "CAST(NULL AS BIGINT)";

impl NodeColumns {
    /// Of a kind of which the graph knows nothing but that it is there.
    pub const BARE: NodeColumns = NodeColumns {
        site: NO_ID,
        owner: NO_ID,
        wrt_seconds: NO_SECONDS,
        recovery_seconds: NO_SECONDS,
        restart_seconds: NO_SECONDS,
        data_loss_seconds: NO_SECONDS,
        vital: "FALSE",
        criticality: "CAST(0 AS BIGINT)",
        keeps_data: "FALSE",
    };

    /// In the order of the fields.
    pub fn all(&self) -> [&'static str; 9] {
        let NodeColumns {
            site,
            owner,
            wrt_seconds,
            recovery_seconds,
            restart_seconds,
            data_loss_seconds,
            vital,
            criticality,
            keeps_data,
        } = self;
        [site, owner, wrt_seconds, recovery_seconds, restart_seconds, data_loss_seconds, vital, criticality, keeps_data]
    }
}
