//! Data in, samples out: the shared sets, generated ones, wrong ones, and damage.

mod bad;
mod checks;
mod folder;
mod formats;
mod generated;
mod mutation;
mod preparing;
mod sets;
mod splits;
mod support;
