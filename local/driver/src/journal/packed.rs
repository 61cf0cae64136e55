//! The bodies of facts, packed: LZ4 over a dictionary of what the facts of many executions have in common.
//!
//! Most of a fact is the envelope of a service's answer, whose headers come three times. A dictionary that is part of the
//! program knows it beforehand, so that a verdict of a kilobyte takes 170 bytes. Each fact is packed by itself: earlier
//! facts of the same log as a further dictionary were measured to save four percent more, and would make each fact
//! unreadable with the one before.

use std::borrow::Cow;

use lz4_flex::block;

/// Dictionary `n` is number `n + 1`, which packed bodies begin with. Dictionaries that were released are never changed: what
/// was packed with one can only be read with the very same.
const DICTIONARIES: [&[u8]; 1] = [include_bytes!("dictionaries/1.txt")];

/// The number of the dictionary that bodies are packed with.
const NEWEST: u8 = DICTIONARIES.len() as u8;

/// Shorter bodies are kept as they are.
const SHORTEST: usize = 64;

/// The most bytes that one packed byte can stand for, by LZ4's format.
const MAX_RATIO: usize = 255;

/// A body packed: the dictionary's number, the body's length, the block. `None` when that would not be shorter.
pub(super) fn pack(body: &str) -> Option<Vec<u8>> {
    if body.len() < SHORTEST {
        return None;
    }
    let mut packed = vec![NEWEST];
    push_length(&mut packed, body.len());
    let head = packed.len();
    packed.resize(head + block::get_maximum_output_size(body.len()), 0);
    let dictionary = DICTIONARIES[DICTIONARIES.len() - 1];
    let written = block::compress_into_with_dict(body.as_bytes(), &mut packed[head..], dictionary).ok()?;
    packed.truncate(head + written);
    (packed.len() < body.len()).then_some(packed)
}

/// The body that [`pack`] has packed, or why it cannot be read.
pub(super) fn unpack(packed: &[u8]) -> Result<String, Cow<'static, str>> {
    let (&number, rest) = packed.split_first().ok_or("a packed fact is empty")?;
    let dictionary = usize::from(number).checked_sub(1).and_then(|at| DICTIONARIES.get(at));
    let dictionary =
        dictionary.ok_or_else(|| format!("a fact is packed with dictionary {number}, which is unknown"))?;
    let (length, block) = take_length(rest)
        // a length from a damaged record must not become a huge allocation
        .filter(|(length, block)| *length <= block.len().saturating_mul(MAX_RATIO))
        .ok_or("a packed fact has no length")?;
    let body = block::decompress_with_dict(block, length, dictionary)
        .map_err(|error| format!("a fact cannot be unpacked: {error}"))?;
    if body.len() != length {
        return Err("a packed fact is shorter than it says".into());
    }
    String::from_utf8(body).map_err(|error| format!("a fact cannot be unpacked: {error}").into())
}

/// Seven bits a byte, the lowest first; all but the last have their eighth bit set.
fn push_length(packed: &mut Vec<u8>, mut length: usize) {
    while length > 0x7f {
        packed.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    packed.push(length as u8);
}

fn take_length(packed: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0_usize;
    // four bytes hold more than SQLite's longest value
    for (at, byte) in packed.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((length, &packed[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    const VERDICT: &str = concat!(
        r#"{"TaskSucceeded":{"attempt":1,"output":{"ExecutedVersion":"$LATEST","Payload":{"field":"user_name","ok":true,"#,
        r#""value":"Ada Lovelace","violations":[]},"SdkHttpMetadata":{"AllHttpHeaders":{"X-Amz-Executed-Version":["$LAT"#,
        r#"EST"],"x-amzn-Remapped-Content-Length":["0"],"Connection":["keep-alive"],"x-amzn-RequestId":["fa98f756-e032-"#,
        r#"498c-8338-52d6a2c130c7"],"Content-Length":["70"],"Date":["Tue, 01 Dec 2026 01:00:09 GMT"],"X-Amzn-Trace-Id":"#,
        r#"["Root=1-6b0e1c19-fa98f756e032498c833852d6;Parent=833852d6a2c130c7;Sampled=0"],"Content-Type":["application/"#,
        r#"json"]},"HttpHeaders":{"X-Amz-Executed-Version":"$LATEST","x-amzn-Remapped-Content-Length":"0","Connection":"#,
        r#""keep-alive","x-amzn-RequestId":"fa98f756-e032-498c-8338-52d6a2c130c7","Content-Length":"70","Date":"Tue, 01"#,
        r#" Dec 2026 01:00:09 GMT","X-Amzn-Trace-Id":"Root=1-6b0e1c19-fa98f756e032498c833852d6;Parent=833852d6a2c130c7;"#,
        r#"Sampled=0","Content-Type":"application/json"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"fa98"#,
        r#"f756-e032-498c-8338-52d6a2c130c7"},"StatusCode":200}}}"#,
    );

    #[test]
    fn released_dictionaries_never_change() {
        let hashes = DICTIONARIES.map(|dictionary| {
            let hash = Sha256::digest(dictionary);
            hash[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        });
        assert_eq!(hashes, ["6e52ac0012eef22e"]);
    }

    #[test]
    fn a_verdict_takes_less_than_a_fifth() {
        let packed = pack(VERDICT).expect("is packed");
        assert!(packed.len() * 5 < VERDICT.len(), "{} bytes", packed.len());
    }

    #[test]
    fn what_is_packed_comes_back_to_the_last_byte() {
        let check = |body: &str, is_packed: bool| {
            let packed = pack(body);
            assert_eq!(packed.is_some(), is_packed, "{body:.80}");
            if let Some(packed) = packed {
                assert_eq!(unpack(&packed).as_deref(), Ok(body));
            }
        };
        check("\"Redriven\"", false);
        check("", false);
        check(VERDICT, true);
        check(&"x".repeat(SHORTEST), true);
        check(&"long \u{1F600} ".repeat(200_000), true);
        // a random text has nothing that repeats, in it or in the dictionary
        let random: String = (0..100_u32)
            .map(|n| char::from_u32(0x4E00 + n.wrapping_mul(2_654_435_761) % 0x5000).expect("a character"))
            .collect();
        check(&random, false);
    }

    #[test]
    fn what_is_damaged_is_an_error_and_no_panic() {
        let whole = pack(VERDICT).expect("is packed");
        for damaged in [
            &[][..],
            &[0, 1, 2],
            &[9, 1, 2],
            &[1],
            &[1, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[1, 0x7f],
        ] {
            assert!(unpack(damaged).is_err(), "{damaged:?}");
        }
        for end in 0..whole.len() {
            assert!(unpack(&whole[..end]).is_err(), "cut at {end}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x5a;
            // some other text, or an error
            let _ = unpack(&damaged);
        }
    }
}
