//! A host for the tests to kill: it starts a function that starts a child and a daemon and then hangs, and prints
//! the ids of the three processes.

use std::io::Write;
use std::time::Duration;

use sluice_host::{FunctionSpec, Host, HostConfig, Invocation};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let binary = std::env::args().nth(1).ok_or("which runtime?")?;
    let host = Host::new(HostConfig::default())?;
    let mut spec = FunctionSpec::new(
        "orphan",
        "arn:aws:lambda:us-east-1:000000000000:function:orphan",
        binary,
    );
    spec.timeout = Duration::from_secs(900);
    host.add_function(spec)?;
    let function = host.invoke("orphan", Invocation::new(r#"{"do":"pid"}"#)).await?;
    let child = host.invoke("orphan", Invocation::new(r#"{"do":"child"}"#)).await?;
    let daemon = host.invoke("orphan", Invocation::new(r#"{"do":"daemon"}"#)).await?;
    let mut stdout = std::io::stdout();
    for pid in [function, child, daemon] {
        stdout.write_all(&[&pid.payload[..], b"\n"].concat())?;
    }
    stdout.flush()?;
    host.invoke("orphan", Invocation::new(r#"{"do":"hang"}"#)).await?;
    Ok(())
}
