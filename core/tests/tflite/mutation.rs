use crate::support::check::{Outcome, check};
use crate::support::mutator::{Mutator, Random};
use crate::support::specimens;

/// A smaller run of `examples/mutate.rs`, with other seeds.
#[test]
fn mutants_neither_panic_nor_take_much_memory() {
    let seeds: Vec<Vec<u8>> = specimens::files().into_iter().map(|(_, file)| file.to_vec()).collect();
    let mut mutator = Mutator::new(&seeds, 20_260);
    let mut opened = 0;
    for _ in 0..20_000 {
        if check(mutator.mutant()) != Outcome::Refused {
            opened += 1;
        }
    }
    // Damage that always breaks the first table would test little.
    assert!((1_000..19_000).contains(&opened), "{opened} of 20000 mutants are models");
}

#[test]
fn a_mutator_repeats_itself() {
    let seeds: Vec<Vec<u8>> = specimens::files().into_iter().map(|(_, file)| file.to_vec()).collect();
    let run = |seed| {
        let mut mutator = Mutator::new(&seeds, seed);
        (0..50).map(|_| mutator.mutant()).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert_ne!(Random::new(1).next(), Random::new(2).next());
}
