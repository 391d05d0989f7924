//! Tests from outside: the library and the binary against captures, truths and other programs.
//! One binary, a module a feature.

// What the tests stand on.
mod lab;
mod run;
mod wire;

// A module a feature.
mod cli;
mod scenario;
mod schema;
mod secrets;
mod shuffle;
mod truth;
mod tshark;
mod walls;
