//! The incidents that docs/operate.md tells of. `tests/incidents` plays them in this process, `tests/lambda/incidents.py`
//! through the functions as they were built.

/// Something that happens, and what is seen of it.
pub struct Incident {
    /// Its name for programs.
    pub key: &'static str,
    /// What happens.
    pub name: &'static str,
    /// What a line says of it.
    pub says: &'static [(&'static str, &'static str)],
    /// The alarms that it sets off by its lines, the one that says most first.
    pub alarms: &'static [&'static str],
    /// Those that it sets off by what Lambda, API Gateway and SQS count, which no line has.
    pub alarms_of_calls: &'static [&'static str],
    /// The one of them all whose runbook says what to do.
    pub mended_by: &'static str,
}

impl Incident {
    /// The alarms that it sets off by its lines, sorted by their names.
    #[must_use]
    pub fn by_lines(&self) -> Vec<&'static str> {
        sorted(self.alarms.to_vec())
    }

    /// All alarms that it sets off, sorted by their names.
    #[must_use]
    pub fn all(&self) -> Vec<&'static str> {
        sorted([self.alarms, self.alarms_of_calls].concat())
    }
}

fn sorted(mut alarms: Vec<&'static str>) -> Vec<&'static str> {
    alarms.sort_unstable();
    alarms
}

/// Every incident, in the order of the page.
pub const INCIDENTS: [&Incident; 11] = [
    &SECRET_REVOKED,
    &PROVIDER_DOWN,
    &PROVIDER_HANGS,
    &GRANTS_ENDED,
    &REFRESH_LATE,
    &REFRESH_STOPPED,
    &TABLE_THROTTLED,
    &KEY_DENIED,
    &ROOT_TOKENS_FORGED,
    &ENDPOINT_FAILS,
    &WEBHOOKS_LAID_ASIDE,
];

/// It is told apart from customers who fail.
pub const SECRET_REVOKED: Incident = Incident {
    key: "secret-revoked",
    name: "The client secret of an integration is revoked at its provider",
    says: &[("message", "flow failed"), ("key", "client_rejected"), ("kind", "client_refused")],
    alarms: &["client-rejected", "integration-fails", "renewals-fail"],
    alarms_of_calls: &[],
    mended_by: "client-rejected",
};

/// It is seen in flows and in renewals.
pub const PROVIDER_DOWN: Incident = Incident {
    key: "provider-down",
    name: "A provider is down",
    says: &[("message", "flow failed"), ("key", "provider_unreachable"), ("kind", "provider_fault")],
    alarms: &["connections-fail", "integration-fails", "renewals-fail"],
    alarms_of_calls: &[],
    mended_by: "connections-fail",
};

/// It is seen by how long it is waited for.
pub const PROVIDER_HANGS: Incident = Incident {
    key: "provider-hangs",
    name: "A provider takes requests and does not answer",
    says: &[("message", "flow failed"), ("key", "provider_unreachable"), ("kind", "timeout")],
    alarms: &["provider-slow", "integration-fails", "provider-silent", "renewals-fail"],
    alarms_of_calls: &["slow-answers"],
    mended_by: "provider-slow",
};

/// They are no everyday disconnections.
pub const GRANTS_ENDED: Incident = Incident {
    key: "grants-ended",
    name: "A provider ends all grants of an integration",
    says: &[
        ("message", "connection disconnected: its credentials cannot be renewed"),
        ("key", "access_token_expired"),
    ],
    alarms: &["many-disconnected"],
    alarms_of_calls: &[],
    mended_by: "many-disconnected",
};

/// It leaves what is due.
pub const REFRESH_LATE: Incident = Incident {
    key: "refresh-late",
    name: "More is due than the scheduled refresh has time for",
    says: &[("message", "refresh unfinished")],
    alarms: &["refresh-late"],
    alarms_of_calls: &[],
    mended_by: "refresh-late",
};

/// It is missed.
pub const REFRESH_STOPPED: Incident = Incident {
    key: "refresh-stopped",
    name: "The scheduled refresh does not run any more",
    says: &[("message", "scheduled work ended")],
    alarms: &["refresh-stopped"],
    alarms_of_calls: &[],
    mended_by: "refresh-stopped",
};

/// It is seen before and after patience ends.
pub const TABLE_THROTTLED: Incident = Incident {
    key: "table-throttled",
    name: "A table is throttled",
    says: &[("message", "start refused"), ("key", "storage_unavailable")],
    alarms: &["database-throttles", "database-fails", "refresh-stopped"],
    alarms_of_calls: &["function-errors"],
    mended_by: "database-throttles",
};

/// It is seen while the tables are well.
pub const KEY_DENIED: Incident = Incident {
    key: "key-denied",
    name: "KMS denies the functions the key",
    says: &[("message", "start refused"), ("key", "key_unavailable")],
    alarms: &["key-service-fails"],
    alarms_of_calls: &[],
    mended_by: "key-service-fails",
};

/// They are seen at once.
pub const ROOT_TOKENS_FORGED: Incident = Incident {
    key: "root-tokens-forged",
    name: "Somebody forges tokens of the root workspace",
    says: &[
        ("message", "request refused"),
        ("key", "not_authenticated"),
        ("kind", "not_signed_by_workspace"),
        ("claimed_workspace", "root"),
    ],
    alarms: &["root-tokens-refused"],
    alarms_of_calls: &[],
    mended_by: "root-tokens-refused",
};

/// What is said of it names the endpoint.
pub const ENDPOINT_FAILS: Incident = Incident {
    key: "endpoint-fails",
    name: "A workspace's webhook endpoint does not take what it is sent",
    says: &[("message", "webhook not delivered"), ("kind", "refused")],
    alarms: &["endpoint-fails", "webhooks-fail"],
    alarms_of_calls: &[],
    mended_by: "endpoint-fails",
};

/// Nothing else waits for it.
pub const WEBHOOKS_LAID_ASIDE: Incident = Incident {
    key: "webhooks-laid-aside",
    name: "Among the events for webhooks there is what cannot be read",
    says: &[("message", "a message could not be handled"), ("key", "internal")],
    alarms: &["faults"],
    alarms_of_calls: &["failed-webhooks"],
    mended_by: "failed-webhooks",
};
