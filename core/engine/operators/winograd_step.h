// Running an exact Winograd convolution: block by block, its tiles' points, then products and outputs panel by panel.
#pragma once

#include "engine/operators/conv_window.h"
#include "engine/operators/winograd_tiles.h"

namespace octavo {

// The numbers of a layer, whatever the shapes: what its operator owns and its steps share.
struct WinogradLayer {
  const WinogradKernel* kernel = nullptr;
  PackedWinograd packed;
  ConvOutput out;
  uint8_t x_flip = 0;  // 0x80 where x is int8
  int64_t y_item = 1;  // bytes of an element of y
};

class WinogradStep : public Step {
 public:
  // `residual` may be null; `scratch` has the bytes that WinogradTiles asks for.
  WinogradStep(const WinogradLayer& layer, const ConvWindow& window, const Tensor* x, const Tensor* residual,
               const Tensor* y, const Tensor* scratch);
  bool meets() const override { return true; }
  void run_together(int thread, int threads, Barrier& barrier) noexcept override;

 private:
  // A block, and how many of its rows and columns have each point.
  struct Counted {
    WinogradBlock block;
    int64_t rows[kWinogradPoints], columns[kWinogradPoints];
  };

  int16_t* v_of(int p, int q) const;
  void transform_inputs(const Counted& counted, int thread, int threads) const;
  const int16_t* row_of_weights(int64_t panel, int p, int16_t* u) const;
  void multiply(const Counted& counted, int64_t panel, Range rows, int16_t* u, int32_t* m) const;
  void transform_outputs(const Counted& counted, int64_t panel, Range rows, const int32_t* m) const;

  const WinogradLayer& layer_;
  WinogradTiles tiles_;
  std::vector<Counted> blocks_;
  int64_t origin_;
  const Tensor* x_;
  const Tensor* residual_;
  const Tensor* y_;
  const Tensor* scratch_;
};

}  // namespace octavo
