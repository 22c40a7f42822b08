use super::*;
use crate::layers::{LayerId, LayerKind};

fn start() -> History {
    let mut history = History::default();
    let input = LayerKind::Input { shape: vec![4] };
    history.apply(&Edit::Add { kind: input, name: None, inputs: Vec::new(), position: None }).unwrap();
    let dropout = LayerKind::Dropout { rate: 0.0 };
    history
        .apply(&Edit::Add { kind: dropout, name: None, inputs: vec![LayerId(0)], position: None })
        .unwrap();
    history
}

fn rate(rate: f32) -> Edit {
    Edit::SetKind { layer: LayerId(1), kind: LayerKind::Dropout { rate } }
}

fn current(history: &History) -> f32 {
    match history.graph().layers.get(1).map(|layer| &layer.kind) {
        Some(LayerKind::Dropout { rate }) => *rate,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_step_is_undone_and_done_again() {
    let mut history = start();
    for step in 1..=500 {
        history.apply(&rate(step as f32)).unwrap();
    }
    assert_eq!(history.n_undo(), 502);
    for step in (0..500).rev() {
        assert!(history.undo());
        assert_eq!(current(&history), step as f32);
    }
    assert!(history.undo() && history.undo() && !history.undo());
    assert!(history.graph().layers.is_empty());
    while history.redo() {}
    assert_eq!((current(&history), history.n_redo()), (500.0, 0));
}

#[test]
fn a_drag_is_one_step() {
    let mut history = start();
    for value in [0.1, 0.2, 0.3] {
        history.drag(&rate(value)).unwrap();
    }
    assert_eq!((current(&history), history.n_undo()), (0.3, 3));
    history.rest();
    history.drag(&rate(0.4)).unwrap();
    assert_eq!(history.n_undo(), 4);
    // Another layer moves: another step, although nothing rested in between.
    history.drag(&Edit::Move { positions: vec![(LayerId(1), Some([1.0, 2.0]))] }).unwrap();
    assert_eq!(history.n_undo(), 5);
    assert!(history.undo() && history.undo());
    assert_eq!(current(&history), 0.3);
    assert!(history.undo());
    assert_eq!(current(&history), 0.0);
}

#[test]
fn a_drag_that_begins_without_a_change_keeps_what_was_before() {
    let mut history = start();
    history.drag(&rate(0.0)).unwrap();
    history.drag(&rate(0.5)).unwrap();
    assert!(history.undo());
    assert_eq!(current(&history), 0.0);
}

#[test]
fn an_edit_after_undo_drops_what_was_undone() {
    let mut history = start();
    history.apply(&rate(0.1)).unwrap();
    history.undo();
    assert_eq!(history.n_redo(), 1);
    assert!(history.apply(&Edit::Remove { layers: vec![LayerId(9)], bridge: false }).is_err());
    assert_eq!(history.n_redo(), 1, "an edit that cannot be changes nothing");
    history.apply(&rate(0.0)).unwrap();
    assert_eq!(history.n_redo(), 1, "an edit that changes nothing is no step");
    history.apply(&rate(0.2)).unwrap();
    assert_eq!((history.n_redo(), history.redo()), (0, false));
}
