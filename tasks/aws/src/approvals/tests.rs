mod deciding;
mod links;
mod lists;
mod mails;
mod opening;
