use egui::{Rect, pos2, vec2};
use emberlab_core::plan::{ArenaPlan, Chip, Target};

use super::super::fixtures::{golden_plans, long_plan, lossy_plan, tight_plan};
use super::super::view::View;
use super::*;

fn plans() -> Vec<(String, ArenaPlan)> {
    let target = Target::new(Chip::Esp32s3);
    let mut plans = golden_plans();
    plans.push(("lossy".to_owned(), lossy_plan(target)));
    plans.push(("tight".to_owned(), tight_plan(target)));
    plans.push(("long".to_owned(), long_plan(400)));
    plans
}

fn frame(chart: &Chart, width: f32) -> Frame {
    let view = View::whole(chart.scope_count, chart.used_bytes());
    Frame { rect: Rect::from_min_size(pos2(76.0, 12.0), vec2(width, 380.0)), view }
}

#[test]
fn blocks_overlap_in_time_or_in_address_but_never_in_both() {
    for (name, plan) in plans() {
        let chart = Chart::from_plan(&plan);
        for step in &chart.steps {
            for (place, &a) in step.stack.iter().enumerate() {
                for &b in &step.stack[place + 1..] {
                    let (a, b) = (&chart.blocks[a].buffer, &chart.blocks[b].buffer);
                    let apart = a.offset + a.size <= b.offset || b.offset + b.size <= a.offset;
                    assert!(apart || a.size == 0 || b.size == 0, "{name}: {a:?} {b:?}");
                }
            }
        }
    }
}

#[test]
fn the_highest_edge_is_the_head() {
    for (name, plan) in plans() {
        let chart = Chart::from_plan(&plan);
        let top = chart.blocks.iter().map(|block| block.buffer.offset + block.buffer.size).max().unwrap_or(0);
        assert_eq!(top, chart.head_bytes, "{name}");
        let scope = chart.top_scope().unwrap();
        let tops = chart.steps[scope as usize].stack.iter().map(|&index| &chart.blocks[index].buffer);
        assert_eq!(tops.map(|buffer| buffer.offset + buffer.size).max(), Some(chart.head_bytes), "{name}");
    }
}

#[test]
fn bars_sum_to_the_live_bytes_and_the_tallest_is_the_lower_bound() {
    for (name, plan) in plans() {
        let chart = Chart::from_plan(&plan);
        let mut tallest = 0;
        for scope in 0..chart.scope_count {
            let top = chart.pieces(scope).last().map_or(0, |piece| piece.to);
            assert_eq!(top, plan.live_bytes(scope), "{name} scope {scope}");
            tallest = tallest.max(top);
        }
        assert_eq!(tallest, chart.lower_bound_bytes, "{name}");
        assert_eq!(chart.steps[plan.peak_scope as usize].live_bytes, chart.lower_bound_bytes, "{name}");
    }
}

#[test]
fn rectangles_of_a_whole_view_lie_inside_and_meet_the_axes() {
    for (name, plan) in plans() {
        let chart = Chart::from_plan(&plan);
        let frame = frame(&chart, 920.0);
        let blocks = chart.blocks_in(&frame);
        assert!(!blocks.is_empty(), "{name}");
        for (_, rect) in blocks {
            assert!(frame.rect.expand(2.0).contains_rect(rect), "{name}: {rect:?}");
        }
    }
}

#[test]
fn a_point_inside_of_a_block_finds_it_again() {
    for (name, plan) in plans() {
        let chart = Chart::from_plan(&plan);
        for (index, block) in chart.blocks.iter().enumerate().filter(|(_, block)| block.buffer.size > 0) {
            let buffer = &block.buffer;
            let scope = f64::from(buffer.first_used) + 0.5;
            assert_eq!(chart.block_at(scope, buffer.offset as f64), Some(index), "{name} {buffer:?}");
            assert_eq!(chart.block_of(buffer.subgraph, buffer.usage), Some(index), "{name} {buffer:?}");
        }
        assert_eq!(chart.block_at(0.5, chart.used_bytes() as f64), None);
        assert_eq!(chart.block_at(-1.0, 0.0), None);
    }
}

#[test]
fn thin_columns_are_merged_and_keep_the_tallest() {
    let plan = long_plan(4000);
    let chart = Chart::from_plan(&plan);
    let frame = frame(&chart, 920.0);
    let bars = chart.bars_in(&frame);
    assert!(bars.len() <= 920 / 2 + 1, "{}", bars.len());
    assert_eq!(bars.first().map(|bar| bar.first), Some(0));
    assert_eq!(bars.last().map(|bar| bar.last), Some(4000));
    assert!(bars.windows(2).all(|pair| pair[0].last + 1 == pair[1].first));
    let tallest = bars.iter().flat_map(|bar| &bar.pieces).map(|piece| piece.to).max();
    assert_eq!(tallest, Some(chart.lower_bound_bytes));

    let blocks = chart.blocks_in(&frame);
    assert!(blocks.len() <= 3 * 920 && blocks.len() < chart.blocks.len(), "{}", blocks.len());
    let top = chart.blocks.iter().position(|block| end(&block.buffer) == chart.head_bytes);
    assert!(
        blocks.iter().any(|(index, _)| end(&chart.blocks[*index].buffer) == chart.head_bytes),
        "{top:?} is kept"
    );
}

#[test]
fn only_blocks_in_sight_are_laid_out() {
    let plan = long_plan(4000);
    let chart = Chart::from_plan(&plan);
    let mut frame = frame(&chart, 920.0);
    frame.view.scopes = super::super::view::Span { from: 1000.0, to: 1010.0 };
    let blocks = chart.blocks_in(&frame);
    assert!(blocks.len() >= 20 && blocks.len() <= 22, "{}", blocks.len());
    assert_eq!(chart.bars_in(&frame).len(), 10);
}

#[test]
fn neighbours_in_a_chain_have_different_tints() {
    let plan = long_plan(40);
    let chart = Chart::from_plan(&plan);
    for pair in chart.blocks.windows(2) {
        if pair.iter().all(|block| block.tint != Tint::Scratch) {
            let in_turn = common_edge(&pair[0].buffer, &pair[1].buffer) != (0.0, 0.0);
            assert!(!in_turn || pair[0].tint != pair[1].tint, "{pair:?}");
        }
    }
    let target = Target::new(Chip::Esp32s3);
    let lossy = Chart::from_plan(&lossy_plan(target));
    assert_ne!(lossy.blocks[1].tint, lossy.blocks[2].tint, "tensor 1 stands on tensor 2");
    assert_ne!(lossy.blocks[2].tint, lossy.blocks[3].tint, "tensor 3 stands on tensor 2");
    assert_eq!(lossy.blocks[4].tint, Tint::Scratch);
}

#[test]
fn addresses_of_the_grid_are_multiples_of_a_power_of_two() {
    assert_eq!(
        round_addresses(0.0, 126_000.0, 380.0 / 126_000.0, 40.0),
        (0..8).map(|i| i * 16_384).collect::<Vec<_>>()
    );
    assert_eq!(round_addresses(100.0, 200.0, 1.0, 10.0), [112, 128, 144, 160, 176, 192]);
    assert_eq!(round_addresses(0.0, 1.0, 0.0, 40.0), [0]);
}

#[test]
fn numbers_below_the_bars_never_collide() {
    let chart = Chart::from_plan(&long_plan(2000));
    let frame = frame(&chart, 920.0);
    let interval = chart.label_interval(&frame, 34.0);
    assert!(interval as f32 * frame.scale().x >= 34.0);
    assert_eq!(
        chart.label_interval(
            &Frame { rect: Rect::from_min_size(pos2(0.0, 0.0), vec2(90_000.0, 9.0)), ..frame },
            34.0
        ),
        1
    );
}

#[test]
fn a_plan_without_buffers_has_one_empty_step() {
    let mut plan = tight_plan(Target::new(Chip::Esp32));
    plan.buffers.clear();
    plan.scope_count = 0;
    plan.scope_operators.clear();
    (plan.nonpersistent_bytes, plan.lower_bound_bytes) = (0, 0);
    let chart = Chart::from_plan(&plan);
    assert_eq!((chart.scope_count, chart.steps.len(), chart.top_scope()), (1, 1, None));
    assert!(chart.blocks_in(&frame(&chart, 100.0)).is_empty());
}

#[test]
fn the_tail_lies_on_the_head_without_a_hole() {
    for (name, plan) in plans() {
        let chart = Chart::from_plan(&plan);
        assert_eq!(chart.tail.first().map(|band| band.to), Some(chart.used_bytes()), "{name}");
        assert_eq!(chart.tail.last().map(|band| band.from), Some(chart.head_bytes), "{name}");
        assert!(chart.tail.windows(2).all(|pair| pair[0].from == pair[1].to), "{name}");
        assert_eq!(
            chart.tail.iter().map(|band| band.count).sum::<u64>(),
            plan.persistent.len() as u64,
            "{name}"
        );
        let middle = &chart.tail[chart.tail.len() / 2];
        assert_eq!(chart.band_at(middle.from as f64), Some(middle), "{name}");
    }
}

#[test]
fn tensors_that_nothing_uses_are_not_drawn() {
    let mut plan = lossy_plan(Target::new(Chip::Esp32s3));
    plan.buffers[0].unused = true;
    (plan.buffers[0].first_used, plan.buffers[0].last_used) = (0, 0);
    let chart = Chart::from_plan(&plan);
    assert!(chart.steps.iter().all(|step| !step.stack.contains(&0)));
    assert!(chart.blocks_in(&frame(&chart, 920.0)).iter().all(|(index, _)| *index != 0));
    assert_eq!(chart.steps[0].live_bytes, plan.live_bytes(0));
}
