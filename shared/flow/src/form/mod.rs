//! The form for what is missing: drawn from the option's JSON Schema, and bound to the browser that it was shown to.

mod fields;
mod ticket;

pub use fields::{Choice, Control, Field, fields, read};
pub use ticket::{Ticket, TicketContent};
