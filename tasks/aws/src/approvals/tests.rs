mod deciding;
mod group;
mod links;
mod lists;
mod mails;
mod opening;
