//! What the black-box tests and the benches share: people with tokens, the books that they keep through gRPC, the season of 2018, and
//! the look at a whole log from outside. The tests themselves stand in `tests/`.

pub mod agreement;
pub mod attacked;
pub mod audit;
pub mod chance;
pub mod collecting;
pub mod damages;
pub mod line;
pub mod load;
pub mod office;
pub mod postgres;
pub mod proxy;
pub mod rules;
pub mod season;
pub mod statements;
