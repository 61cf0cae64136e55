//! Names, ids and ARNs of a stack and its resources.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::inputs::StackInputs;

/// Length of the suffix of generated names, as in CloudFormation.
const SUFFIX: usize = 12;
/// A long logical id is cut to this length before the stack's name is, as in CloudFormation.
const MAX_LOGICAL: usize = 24;

/// The inputs and the logical id from which a resource's names and ARNs are made.
#[derive(Clone, Copy)]
pub(crate) struct Identity<'a> {
    pub(crate) inputs: &'a StackInputs,
    pub(crate) logical_id: &'a str,
}

impl Identity<'_> {
    /// The name of a resource that has none: `<stack>-<logical id>-<suffix>`, at most `max` characters.
    ///
    /// The suffix is a hash of stack name and logical id, so that a restart finds what it made.
    pub(crate) fn generated_name(&self, max: usize) -> String {
        let (stack, logical_id) = (self.inputs.stack_name.as_str(), self.logical_id);
        let suffix = token(&[stack, logical_id], SUFFIX);
        let room = max.saturating_sub(SUFFIX + 2);
        let logical_id = match stack.len() + logical_id.len() {
            length if length > room => cut(logical_id, MAX_LOGICAL.max(room.saturating_sub(stack.len()))),
            _ => logical_id,
        };
        let stack = cut(stack, room.saturating_sub(logical_id.len()));
        format!("{stack}-{logical_id}-{suffix}")
    }

    /// `arn:<partition>:<service>:<region>:<account>:<resource>`.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        let StackInputs {
            partition,
            region,
            account_id,
            ..
        } = self.inputs;
        format!("arn:{partition}:{service}:{region}:{account_id}:{resource}")
    }

    /// An ARN of IAM, which has no region.
    pub(crate) fn iam_arn(&self, resource: &str) -> String {
        let StackInputs {
            partition, account_id, ..
        } = self.inputs;
        format!("arn:{partition}:iam::{account_id}:{resource}")
    }

    /// A lasting unique id such as `AROA...`.
    pub(crate) fn unique_id(&self, prefix: &str) -> String {
        format!(
            "{prefix}{}",
            token(&[&self.inputs.stack_name, self.logical_id, prefix], 17)
        )
    }

    /// A lasting id of a network resource such as `vpc-0...`: the prefix and 17 hexadecimal digits.
    pub(crate) fn network_id(&self, prefix: &str) -> String {
        let StackInputs {
            account_id,
            region,
            stack_name,
            ..
        } = self.inputs;
        let hash = digest(&[account_id, region, stack_name, self.logical_id, prefix]);
        let mut id = format!("{prefix}-0");
        for byte in hash.iter().take(8) {
            // Writing to a String cannot fail.
            let _ = write!(id, "{byte:02x}");
        }
        id
    }

    /// A lasting UUID for the resource.
    pub(crate) fn uuid(&self) -> String {
        uuid(&[
            &self.inputs.account_id,
            &self.inputs.region,
            &self.inputs.stack_name,
            self.logical_id,
        ])
    }

    /// An attribute that the caller knows.
    pub(crate) fn given(&self, attribute: &str) -> Option<String> {
        self.inputs
            .attributes
            .get(&format!("{}.{attribute}", self.logical_id))
            .cloned()
    }
}

/// The stack's ARN, which is its id.
pub(crate) fn stack_id(inputs: &StackInputs) -> String {
    let StackInputs {
        partition,
        region,
        account_id,
        stack_name,
        ..
    } = inputs;
    let uuid = match inputs.generation {
        0 => uuid(&[account_id, region, stack_name]),
        generation => uuid(&[account_id, region, stack_name, &generation.to_string()]),
    };
    format!("arn:{partition}:cloudformation:{region}:{account_id}:stack/{stack_name}/{uuid}")
}

fn cut(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(end, _)| &text[..end])
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps ("a", "bc") and ("ab", "c") apart.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// Upper-case letters and digits from a hash of the parts; `length` is at most 32.
fn token(parts: &[&str], length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    digest(parts)
        .iter()
        .take(length)
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

/// A UUID of version 8 (RFC 9562: custom contents) from a hash of the parts.
fn uuid(parts: &[&str]) -> String {
    let mut bytes = digest(parts);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().take(16).enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
