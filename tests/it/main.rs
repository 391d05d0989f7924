//! Tests from outside: the library and the binary against captures, truths and other programs.
//! One binary, a module a feature.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a panic is how a test fails, and a skipped test says why"
)]

// What the tests stand on.
mod lab;
mod run;
mod wire;

// A module a feature.
mod adoption;
mod anonymize;
mod border;
mod causes;
mod check;
mod choosing;
mod cli;
mod compare;
#[cfg(target_os = "linux")]
mod confinement;
mod cycles;
mod dependencies;
mod diagnosis;
mod docs;
mod elsewhere;
mod evidence;
mod filter;
mod fleet;
mod formats;
mod hostile;
mod html;
mod keys;
mod library;
mod loss;
mod map;
mod mid_capture;
#[cfg(target_os = "linux")]
mod origins;
mod outputs;
mod packaging;
mod partial;
mod plain;
mod points;
mod pre_shared;
mod profile;
mod proxy;
mod redaction;
mod remembered;
mod scenario;
mod schema;
mod secrets;
mod share;
mod shuffle;
mod smtp;
mod ssl2;
mod story;
mod threads;
mod timing;
mod trust;
mod truth;
mod tshark;
mod views;
mod walls;
mod wrapped;
