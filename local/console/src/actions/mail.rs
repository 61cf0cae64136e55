//! Deleting a mail, and taking that back.

use sluice_sns::inbox;

use super::Done;
use crate::console::Console;
use crate::problem::Problem;
use crate::query::{Query, path};

fn id(form: &Query) -> Result<&str, Problem> {
    form.filled("id")
        .ok_or_else(|| Problem::bad_request("the form names no mail: send id"))
}

/// Deletes a mail.
pub(super) async fn delete(console: &Console, form: &Query) -> Result<Done, Problem> {
    let id = id(form)?;
    let deleted = inbox::delete(&console.driver, id).await;
    if !deleted.map_err(|error| Problem::unreadable("the mail", error))? {
        return Err(Problem::not_found(format!(
            "there is no mail {id:?}; /console/inbox lists them"
        )));
    }
    let query = Query::default()
        .with("done", Some("mail-deleted"))
        .with("undo", Some(id));
    Ok(Done::GoTo(query.link("/console/inbox")))
}

/// Takes the deletion of a mail back.
pub(super) async fn restore(console: &Console, form: &Query) -> Result<Done, Problem> {
    let id = id(form)?;
    let restored = inbox::restore(&console.driver, id).await;
    if !restored.map_err(|error| Problem::unreadable("the mail", error))? {
        return Err(Problem::not_found(format!("there is no deleted mail {id:?}")));
    }
    Ok(Done::at(&path(&["inbox", id]), "mail-restored"))
}
