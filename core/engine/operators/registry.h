// Every operator that a program can name, and the function that builds it.
#pragma once

#include <memory>

#include "engine/operator.h"
#include "engine/spec.h"

namespace octavo {

using Factory = std::unique_ptr<Operator> (*)(const OperatorSpec&);

struct Registration {
  const char* type;
  Factory make;
};

std::unique_ptr<Operator> make_quantize(const OperatorSpec& spec);
std::unique_ptr<Operator> make_dequantize(const OperatorSpec& spec);
std::unique_ptr<Operator> make_conv(const OperatorSpec& spec);
std::unique_ptr<Operator> make_conv_transpose(const OperatorSpec& spec);
std::unique_ptr<Operator> make_linear(const OperatorSpec& spec);
std::unique_ptr<Operator> make_dynamic_linear(const OperatorSpec& spec);
std::unique_ptr<Operator> make_dynamic_matmul(const OperatorSpec& spec);
std::unique_ptr<Operator> make_matmul(const OperatorSpec& spec);
std::unique_ptr<Operator> make_dynamic_attention(const OperatorSpec& spec);
std::unique_ptr<Operator> make_attention(const OperatorSpec& spec);
std::unique_ptr<Operator> make_add(const OperatorSpec& spec);
std::unique_ptr<Operator> make_mul(const OperatorSpec& spec);
std::unique_ptr<Operator> make_binary(const OperatorSpec& spec);
std::unique_ptr<Operator> make_where(const OperatorSpec& spec);
std::unique_ptr<Operator> make_table(const OperatorSpec& spec);
std::unique_ptr<Operator> make_concat(const OperatorSpec& spec);
std::unique_ptr<Operator> make_max_pool(const OperatorSpec& spec);
std::unique_ptr<Operator> make_avg_pool(const OperatorSpec& spec);
std::unique_ptr<Operator> make_adaptive_avg_pool(const OperatorSpec& spec);
std::unique_ptr<Operator> make_reshape(const OperatorSpec& spec);
std::unique_ptr<Operator> make_permute(const OperatorSpec& spec);
std::unique_ptr<Operator> make_slice(const OperatorSpec& spec);
std::unique_ptr<Operator> make_take(const OperatorSpec& spec);
std::unique_ptr<Operator> make_gather(const OperatorSpec& spec);
std::unique_ptr<Operator> make_pad(const OperatorSpec& spec);
std::unique_ptr<Operator> make_channel_shuffle(const OperatorSpec& spec);
std::unique_ptr<Operator> make_clamp(const OperatorSpec& spec);
std::unique_ptr<Operator> make_unary(const OperatorSpec& spec);
std::unique_ptr<Operator> make_elu(const OperatorSpec& spec);
std::unique_ptr<Operator> make_softplus(const OperatorSpec& spec);
std::unique_ptr<Operator> make_prelu(const OperatorSpec& spec);
std::unique_ptr<Operator> make_cast(const OperatorSpec& spec);
std::unique_ptr<Operator> make_truncate(const OperatorSpec& spec);
std::unique_ptr<Operator> make_cumsum(const OperatorSpec& spec);
std::unique_ptr<Operator> make_reduce(const OperatorSpec& spec);
std::unique_ptr<Operator> make_log_softmax(const OperatorSpec& spec);
std::unique_ptr<Operator> make_softmax(const OperatorSpec& spec);
std::unique_ptr<Operator> make_lstm(const OperatorSpec& spec);
std::unique_ptr<Operator> make_gru(const OperatorSpec& spec);
std::unique_ptr<Operator> make_rnn(const OperatorSpec& spec);
std::unique_ptr<Operator> make_embedding(const OperatorSpec& spec);
std::unique_ptr<Operator> make_embedding_bag(const OperatorSpec& spec);
std::unique_ptr<Operator> make_layer_norm(const OperatorSpec& spec);
std::unique_ptr<Operator> make_group_norm(const OperatorSpec& spec);
std::unique_ptr<Operator> make_constant(const OperatorSpec& spec);
std::unique_ptr<Operator> make_range(const OperatorSpec& spec);

}  // namespace octavo
