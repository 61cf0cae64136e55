use sluice_aws::CallError;
use sluice_workflows::{AuditData, AuditKind};

use super::port::ApprovalPort;
use super::same_site::SiteOrigin;
use super::visit::Visit;
use crate::http::{Kind, Problem};
use crate::upstream::upstream_problem;

/// The function.
#[derive(Debug)]
pub struct Approval<P> {
    pub(super) port: P,
    pub(super) site: SiteOrigin,
}

/// Seconds after which to come back. Not spread: admins are few.
const RETRY_AFTER: &str = "2";

impl<P: ApprovalPort> Approval<P> {
    /// Makes the function with what it reaches; `site` is the URL of the CDN before it, if there is one.
    pub fn new(port: P, site: Option<&str>) -> Self {
        Approval {
            port,
            site: SiteOrigin::of_url(site),
        }
    }

    /// Notes a visit in the audit of `id`.
    pub(super) async fn note(&self, visit: &Visit<'_>, id: &str, kind: AuditKind) {
        self.append(id, visit.now_ms, kind, visit.audit_data()).await;
    }

    /// Appends to the audit. A page is not withheld because its visit could not be noted; decisions are written together
    /// with their record.
    pub(super) async fn append(&self, id: &str, now_ms: i64, kind: AuditKind, data: AuditData) {
        if let Err(error) = self.port.audit(id, now_ms, kind, data).await {
            tracing::error!(approval = id, kind = kind.as_str(), %error, "this is missing in the audit");
        }
    }
}

/// The same for a wrong id and a wrong secret: nothing is to be learned from the difference.
pub(super) fn not_found() -> Problem {
    Problem::new(
        Kind::NotFound,
        "There is no approval under this link. Is it whole? Mail programs break long lines: copy all of it. Requests are kept for \
         90 days after their deadline.",
    )
}

pub(super) fn failed(error: &CallError) -> Problem {
    upstream_problem(error, RETRY_AFTER)
}
