//! The code of a mail: what a machine that follows a link does not have.

use serde_json::{Map, Value};
use sluice_aws::{Code, CodeCheck};
use sluice_workflows::AuditKind;

use super::decision::{Place, Refusal};
use super::function::{Approval, failed};
use super::port::ApprovalPort;
use super::visit::Visit;
use crate::http::{Kind, Problem};

/// The answer to whoever wants to decide.
pub(super) enum Admission {
    /// The code is right, or none is needed.
    Admitted,
    /// It is not, and nothing is decided.
    Refused(Refusal),
}

/// The code that a body holds, if it is not blank.
pub(super) fn given_code(body: &Map<String, Value>) -> Option<&str> {
    body.get("code")
        .and_then(Value::as_str)
        .filter(|code| !code.trim().is_empty())
}

impl<P: ApprovalPort> Approval<P> {
    /// Checks the code in a body; `id` is where the audit has it.
    pub(super) async fn admit(
        &self,
        visit: &Visit<'_>,
        id: &str,
        body: &Map<String, Value>,
    ) -> Result<Admission, Problem> {
        let Some(link) = visit.link else {
            return Ok(refuse(
                Kind::OldLink,
                "This link is of a mail without a code, and decides nothing. Ask for a new mail below.",
            ));
        };
        if link.is_expired(visit.now_ms) {
            return Ok(refuse(Kind::LinkExpired, LINK_EXPIRED));
        }
        let text = given_code(body);
        let code = text.and_then(Code::parse);
        let checked = self.port.check_code(visit.secret, code.as_ref(), visit.now_ms).await;
        Ok(match checked.map_err(|error| failed(&error))? {
            CodeCheck::Right(_) => Admission::Admitted,
            CodeCheck::Missing => {
                self.note(visit, id, AuditKind::Fetched).await;
                refuse(
                    Kind::CodeMissing,
                    match text {
                        None => "Type the code from the mail. It is not in the link, so that no machine decides.",
                        Some(_) => {
                            "A code has six characters, letters and digits. It stands on a line of its own in the mail."
                        }
                    },
                )
            }
            CodeCheck::Wrong { left } => {
                self.note(visit, id, AuditKind::WrongCode).await;
                let tries = if left == 1 { "One try is" } else { "Some tries are" };
                refuse(
                    Kind::WrongCode,
                    &format!(
                        "This is not the code of this mail; each mail has its own. {tries} left ({left}), then the link is locked."
                    ),
                )
            }
            CodeCheck::LockedNow => {
                self.note(visit, id, AuditKind::WrongCode).await;
                self.note(visit, id, AuditKind::Locked).await;
                refuse(Kind::LinkLocked, LOCKED)
            }
            CodeCheck::Locked => refuse(Kind::LinkLocked, LOCKED),
            CodeCheck::Unknown => refuse(Kind::LinkExpired, LINK_EXPIRED),
        })
    }
}

/// The words about a locked link.
pub(super) const LOCKED: &str = "Five wrong codes in a row came by this link, so it is locked. The request is as it was; a new mail has a new link.";

/// The words about a link that is no longer good.
pub(super) const LINK_EXPIRED: &str = "This link is no longer good. Open the newest mail, or ask whoever runs this for a link to the page of everything open.";

fn refuse(kind: Kind, detail: &str) -> Admission {
    Admission::Refused(Refusal::new(kind, Place::Code, detail))
}
