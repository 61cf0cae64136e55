use aws_sdk_dynamodb::types::AttributeValue;
use subtle::ConstantTimeEq;

use super::item::{Item, count, flag, integer, number, optional_string, string, text, unusable};
use super::table::{Approvals, GET, UPDATE, Updated};
use crate::call::CallError;
use crate::code::Code;
use crate::secret::{Secret, SecretHash};

/// The wrong codes in a row that lock a link.
const MOST_WRONG: u32 = 5;

/// The time that a link outlives its end, so that its page can say what became of it.
const KEPT_MS: i64 = 30 * 86_400_000;

/// The page that a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkScope {
    /// One approval, by its id.
    Approval(String),
    /// The page of everything open.
    AllOpen,
}

/// The purpose of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// The mail that asks.
    Request,
    /// The mail that asks again.
    Reminder,
    /// The mail that tells others that nobody decides.
    Escalation,
    /// The mail about all that wait.
    Digest,
    /// The mail in place of a link that does not work any more.
    Replacement,
    /// Whoever may invoke the function.
    Operator,
    /// The page after a decision, which leads to the next approval.
    Next,
}

impl LinkPurpose {
    const ALL: [LinkPurpose; 7] = [
        LinkPurpose::Request,
        LinkPurpose::Reminder,
        LinkPurpose::Escalation,
        LinkPurpose::Digest,
        LinkPurpose::Replacement,
        LinkPurpose::Operator,
        LinkPurpose::Next,
    ];

    /// The name in tables and audits.
    pub const fn as_str(self) -> &'static str {
        match self {
            LinkPurpose::Request => "request",
            LinkPurpose::Reminder => "reminder",
            LinkPurpose::Escalation => "escalation",
            LinkPurpose::Digest => "digest",
            LinkPurpose::Replacement => "replacement",
            LinkPurpose::Operator => "operator",
            LinkPurpose::Next => "next",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        LinkPurpose::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }
}

/// A link that is to be made.
#[derive(Debug, Clone)]
pub struct NewLink<'a> {
    /// Its secret, fresh for each link.
    pub secret: &'a Secret,
    /// The code that it asks for; none: the link alone decides.
    pub code: Option<&'a Code>,
    /// The page that it leads to.
    pub scope: LinkScope,
    /// The address that the mail goes to, or the operator's word.
    pub approver: &'a str,
    /// Its purpose.
    pub purpose: LinkPurpose,
    /// The time, in milliseconds since 1970.
    pub issued_at_ms: i64,
    /// Its end, in milliseconds since 1970.
    pub expires_at_ms: i64,
}

/// A link, as the table holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The hash of its secret.
    pub hash: SecretHash,
    /// The page that it leads to.
    pub scope: LinkScope,
    /// The address that the mail went to, or the operator's word.
    pub approver: String,
    /// Its purpose.
    pub purpose: LinkPurpose,
    /// The time at which it was made, in milliseconds since 1970.
    pub issued_at_ms: i64,
    /// Its end, in milliseconds since 1970.
    pub expires_at_ms: i64,
    /// True if it asks for a code.
    pub has_code: bool,
    /// The wrong codes in a row.
    pub wrong: u32,
    /// True if a mail in its place was asked for.
    pub replaced: bool,
}

impl Link {
    /// Tells whether too many wrong codes have locked it.
    pub fn is_locked(&self) -> bool {
        self.wrong >= MOST_WRONG
    }

    /// Tells whether its time is over.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms <= now_ms
    }
}

/// The result of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeCheck {
    /// It is the link's, or the link asks for none.
    Right(Box<Link>),
    /// It is not. So many more are checked.
    Wrong {
        /// The number; never 0.
        left: u32,
    },
    /// It is not, and the link is locked now.
    LockedNow,
    /// The link was locked before.
    Locked,
    /// There is none, and the link asks for one. Nothing was counted.
    Missing,
    /// There is no such link, or its time is over.
    Unknown,
}

impl Approvals {
    /// Writes a link, before the mail with it goes out.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not take it.
    pub async fn put_link(&self, link: &NewLink<'_>) -> Result<(), CallError> {
        let scope = match &link.scope {
            LinkScope::Approval(id) => text(id),
            LinkScope::AllOpen => text(ALL_OPEN),
        };
        let mut set = "SET leads_to = :scope, approver = :approver, purpose = :purpose, issued_at_ms = :issued, \
                       expires_at_ms = :expires, #ttl = :ttl"
            .to_owned();
        let mut update = self
            .update(&link_id(&link.secret.hash()))
            .condition_expression("attribute_not_exists(id)")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":scope", scope)
            .expression_attribute_values(":approver", text(link.approver))
            .expression_attribute_values(":purpose", text(link.purpose.as_str()))
            .expression_attribute_values(":issued", number(link.issued_at_ms))
            .expression_attribute_values(":expires", number(link.expires_at_ms))
            .expression_attribute_values(":ttl", number((link.expires_at_ms + KEPT_MS).div_euclid(1000)));
        if let Some(code) = link.code {
            set.push_str(", code_hash = :code_hash");
            update = update.expression_attribute_values(":code_hash", text(code_hash(link.secret, code).as_str()));
        }
        match self.send(update.update_expression(set)).await? {
            Updated::Yes(_) => Ok(()),
            Updated::ConditionFailed(_) => Err(CallError::unreadable(UPDATE, "the secret of a link was not fresh")),
        }
    }

    /// The link with a secret.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer, or the item cannot be read.
    pub async fn link(&self, secret: &Secret) -> Result<Option<Link>, CallError> {
        if !Secret::is_well_formed(secret.reveal()) {
            return Ok(None);
        }
        self.link_by_hash(&secret.hash()).await
    }

    /// The link whose secret has this hash.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer, or the item cannot be read.
    pub async fn link_by_hash(&self, hash: &SecretHash) -> Result<Option<Link>, CallError> {
        self.item(&link_id(hash)).await?.as_ref().map(read).transpose()
    }

    /// Checks the code that was sent with a link, at `now_ms` (milliseconds since 1970). It is counted as wrong before it is
    /// compared, so that however many are sent at once, no more than the allowed number is compared; a right one takes the
    /// count back.
    ///
    /// # Errors
    /// [`CallError`] if DynamoDB did not answer. The code may then have been counted.
    pub async fn check_code(&self, secret: &Secret, code: Option<&Code>, now_ms: i64) -> Result<CodeCheck, CallError> {
        let Some(link) = self.link(secret).await?.filter(|link| !link.is_expired(now_ms)) else {
            return Ok(CodeCheck::Unknown);
        };
        if !link.has_code {
            return Ok(CodeCheck::Right(Box::new(link)));
        }
        if link.is_locked() {
            return Ok(CodeCheck::Locked);
        }
        let Some(code) = code else {
            return Ok(CodeCheck::Missing);
        };
        let id = link_id(&link.hash);
        let count_it = self
            .update(&id)
            .update_expression("SET wrong = if_not_exists(wrong, :none) + :one")
            .condition_expression("attribute_exists(code_hash) AND (attribute_not_exists(wrong) OR wrong < :most)")
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(MOST_WRONG.into()));
        let row = match self.send(count_it).await? {
            Updated::Yes(Some(row)) => row,
            Updated::Yes(None) => return Err(CallError::unreadable(UPDATE, "the answer lacks the written link")),
            Updated::ConditionFailed(_) => return Ok(CodeCheck::Locked),
        };
        let expected = optional_string(&row, "code_hash").unwrap_or_default();
        let given = code_hash(secret, code);
        if bool::from(given.as_str().as_bytes().ct_eq(expected.as_bytes())) {
            let take_back = self
                .update(&id)
                .update_expression("REMOVE wrong")
                .condition_expression("attribute_exists(id)");
            self.send(take_back).await?;
            return Ok(CodeCheck::Right(Box::new(Link {
                wrong: 0,
                ..read(&row)?
            })));
        }
        let counted = u32::try_from(count(&row, "wrong")).unwrap_or(u32::MAX);
        Ok(match MOST_WRONG.saturating_sub(counted) {
            0 => CodeCheck::LockedNow,
            left => CodeCheck::Wrong { left },
        })
    }
}

const ALL_OPEN: &str = "all";

pub(super) fn link_id(hash: &SecretHash) -> String {
    format!("link#{}", hash.as_str())
}

/// Bound to the secret, so that equal codes of two links have different hashes.
fn code_hash(secret: &Secret, code: &Code) -> SecretHash {
    SecretHash::of(&[secret.reveal(), code.reveal()])
}

fn read(row: &Item) -> Result<Link, CallError> {
    let whole = |name| integer(row, name).ok_or_else(|| unusable(GET, row, name));
    let id = string(GET, row, "id")?;
    let hash = id.strip_prefix("link#").ok_or_else(|| unusable(GET, row, "id"))?;
    let scope = string(GET, row, "leads_to")?;
    let purpose = LinkPurpose::parse(&string(GET, row, "purpose")?);
    Ok(Link {
        hash: SecretHash::from_table(hash),
        scope: if scope == ALL_OPEN {
            LinkScope::AllOpen
        } else {
            LinkScope::Approval(scope)
        },
        approver: string(GET, row, "approver")?,
        purpose: purpose.ok_or_else(|| unusable(GET, row, "purpose"))?,
        issued_at_ms: whole("issued_at_ms")?,
        expires_at_ms: whole("expires_at_ms")?,
        has_code: matches!(row.get("code_hash"), Some(AttributeValue::S(_))),
        wrong: u32::try_from(count(row, "wrong")).unwrap_or(u32::MAX),
        replaced: flag(row, "replaced"),
    })
}
