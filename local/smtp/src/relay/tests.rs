//! The relay against a server of the test's own.

#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

use std::sync::Arc;

use serde_json::json;
use sluice_clock::ManualClock;
use sluice_service_testing::{NOW, account, journal};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;

/// Answers each mail with the next of these replies, and then takes all; gives what it took.
async fn server(replies: Vec<&'static str>) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (taken, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut replies = replies.into_iter();
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 test\r\n").await.unwrap();
            let mut text: Option<String> = None;
            while let Ok(Some(line)) = lines.next_line().await {
                let answer = match (&mut text, line.as_str()) {
                    (Some(_), ".") => {
                        let reply = replies.next().unwrap_or("250 taken");
                        let whole = text.take().unwrap();
                        if reply.starts_with("250") {
                            taken.send(whole).unwrap();
                        }
                        reply.to_owned()
                    }
                    (Some(text), line) => {
                        text.push_str(line);
                        text.push('\n');
                        continue;
                    }
                    (None, line) if line.starts_with("EHLO") => "250 test".to_owned(),
                    (None, "DATA") => {
                        text = Some(String::new());
                        "354 go on".to_owned()
                    }
                    (None, "QUIT") => break,
                    (None, _) => "250 ok".to_owned(),
                };
                if write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    (format!("smtp://{address}"), receiver)
}

async fn put(driver: &Driver, at: i64, to: &str) -> String {
    let id = format!("{at:015}-{to}");
    let mail = json!({"id": id, "to": to, "subject": format!("To {to}"), "text": "Hello", "sent_at": "2026-11-22T10:00:00.000Z",
        "topic_arn": "arn:t", "message_id": "m"});
    driver.store().put("mail", &id, mail).await.unwrap();
    id
}

#[tokio::test]
async fn mails_are_sent_once_tried_again_when_told_to_and_given_up_when_refused() {
    let directory = tempfile::tempdir().unwrap();
    let driver = journal(directory.path(), &account(Arc::new(ManualClock::new(NOW)), 1));
    let before = put(&driver, NOW - 1, "before@example.com").await;
    let (url, mut taken) = server(vec!["451 later", "554 no"]).await;
    let (came, mails) = watch::channel(());
    let relay = |mails| Relay {
        first_pause: Duration::from_millis(1),
        ..Relay::new(driver.clone(), Server::new(&url, "sluice@localhost").unwrap(), mails)
    };
    let running = start(relay(mails), NOW);
    let first = put(&driver, NOW + 1, "a@example.com").await;
    let second = put(&driver, NOW + 2, "b@example.com").await;
    let third = put(&driver, NOW + 3, "not an address").await;
    came.send_replace(());
    let message = taken.recv().await.unwrap();
    assert!(
        message.contains("To: a@example.com\n") && message.contains("Hello"),
        "{message}"
    );
    let delivery = |id: String| {
        let driver = driver.clone();
        async move { inbox::delivery(&driver, &id).await.unwrap() }
    };
    // the next round begins once that one is noted
    let fourth = put(&driver, NOW + 4, "c@example.com").await;
    came.send_replace(());
    assert!(taken.recv().await.unwrap().contains("To: c@example.com\n"));
    let sent = delivery(first.clone()).await.unwrap();
    assert_eq!((sent.attempts, sent.error, sent.is_over), (2, None, true));
    let refused = delivery(second).await.unwrap();
    assert!(
        refused.is_over && refused.error.as_deref().is_some_and(|error| error.contains("554")),
        "{refused:?}"
    );
    assert!(
        delivery(third)
            .await
            .unwrap()
            .error
            .unwrap()
            .contains("no mail address")
    );
    assert_eq!(delivery(before).await, None);
    running.abort();

    // another process sends nothing twice, but what came meanwhile
    let fifth = put(&driver, NOW + 5, "d@example.com").await;
    let (_came, mails) = watch::channel(());
    let running = start(relay(mails), NOW + 10);
    assert!(taken.recv().await.unwrap().contains("To: d@example.com\n"));
    running.abort();
    assert!(taken.try_recv().is_err());
    for id in [first, fourth] {
        assert_eq!(delivery(id).await.unwrap().error, None);
    }
    drop(fifth);
}
