//! The order of what runs concurrently.

use serde_json::{Value, json};

use super::{Call, Fake, map, output, single, task};
use crate::walker::{Order, Walk};

fn stores() -> Value {
    let states = json!({"Erase": task(&json!({"Next": "Confirm"})), "Confirm": task(&json!({}))});
    map("Erase", &states, &json!({"ItemSelector": "{% $states.context.Map.Item.Index %}"}))
}

async fn calls(order: Order, items: usize) -> Vec<String> {
    let definition = single(&stores());
    let tasks = Fake::new(|call: &Call| Ok(json!(call.within[0].index)));
    let walk = Walk::new(&definition, &tasks).order(order);
    let walked = walk.run(json!(vec![0; items])).await;
    let results: Vec<_> = output(&walked).as_array().unwrap().iter().map(|r| r["Payload"].clone()).collect();
    assert_eq!(results, (0..items).map(|i| json!(i)).collect::<Vec<_>>(), "results keep their order");
    let name = |call: &Call| format!("{}{}", &call.state[..1], call.within[0].index);
    tasks.calls().iter().map(name).collect()
}

#[tokio::test]
async fn iterations_go_on_in_the_order_that_is_asked_for() {
    assert_eq!(calls(Order::InTurn, 3).await, ["E0", "C0", "E1", "C1", "E2", "C2"]);
    assert_eq!(calls(Order::Reversed, 3).await, ["E2", "C2", "E1", "C1", "E0", "C0"]);
    assert_eq!(calls(Order::Interleaved, 3).await, ["E0", "E1", "E2", "C0", "C1", "C2"]);
}

#[tokio::test]
async fn a_shuffle_is_repeated_by_its_seed() {
    let first = calls(Order::Shuffled(1), 6).await;
    assert_eq!(first, calls(Order::Shuffled(1), 6).await);
    assert_ne!(first, calls(Order::Shuffled(2), 6).await);
    for i in 0..6 {
        let at = |name: String| first.iter().position(|call| *call == name);
        assert!(at(format!("E{i}")) < at(format!("C{i}")), "an iteration keeps its own order");
    }
}

#[tokio::test]
async fn more_than_forty_iterations_take_turns_too() {
    let first = calls(Order::Interleaved, 50).await;
    assert_eq!(first.len(), 100);
    assert_eq!(first[..40], (0..40).map(|i| format!("E{i}")).collect::<Vec<_>>());
}
