//! One engine, many users: the real binary with clients of other users (where the tests run as root, who may be
//! anybody), and an engine that is replaced under its terminals.

mod follow;
mod house;
mod odd;
mod service;
mod together;
mod upgrade;
mod users;
