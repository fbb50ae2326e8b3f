//! The server, by step of the protocol.

mod flow;
mod refused;
mod vectors;
