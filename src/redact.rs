//! Reports that leave the house: mailboxes, domains and IP addresses under pseudonyms, the same
//! ones wherever they come.
//!
//! Each structure of the model is taken apart by name, with no `..`: a field that is added to the
//! model does not compile before it was thought of here.

mod addresses;
mod forms;
pub mod limits;
mod lines;
mod model;
mod names;
mod redactor;
mod story;
mod text;
mod vocabulary;
mod words;

pub use lines::{blank_bytes, blank_command, blank_reply};
pub use redactor::Redactor;
