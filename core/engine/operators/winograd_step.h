// Running an exact Winograd convolution: block by block, its tiles' points, then products and outputs panel by panel.
#pragma once

#include "engine/operators/conv_window.h"
#include "engine/operators/winograd_split.h"

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
  // `residual` may be null.
  WinogradStep(const WinogradLayer& layer, const ConvWindow& window, const Tensor* x, const Tensor* residual,
               const Tensor* y);
  void run(int thread, int threads) noexcept override;

 private:
  // A block, and how many of its rows and columns have each point.
  struct Counted {
    WinogradBlock block;
    int64_t rows[kWinogradPoints], columns[kWinogradPoints];
  };

  // The weights of a row of points: those of its first point, or columns of taps.
  struct RowWeights {
    const int16_t* u = nullptr;
    const int16_t* columns = nullptr;
  };

  // Where a block's intermediate numbers lie: V, and of a panel U and M.
  struct Memory {
    uint8_t* v = nullptr;
    int16_t* u = nullptr;
    int32_t* m = nullptr;
  };

  Counted count(const WinogradBlock& block) const;
  void run_panels(const Counted& counted, const WinogradShare& mine, const Memory& memory) const;
  int16_t* v_of(uint8_t* v, int p, int q) const;
  void transform_inputs(const Counted& counted, uint8_t* v) const;
  RowWeights row_of_weights(int64_t panel, int p, int16_t* u) const;
  void multiply(const Counted& counted, int64_t panel, Range rows, const Memory& memory) const;
  void transform_outputs(const Counted& counted, int64_t panel, Range rows, const int32_t* m) const;

  const WinogradLayer& layer_;
  WinogradTiles tiles_;
  int64_t origin_;
  const Tensor* x_;
  const Tensor* residual_;
  const Tensor* y_;
};

}  // namespace octavo
