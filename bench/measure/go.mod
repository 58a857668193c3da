module deploy-wasm-filter/bench/measure

go 1.26.0
