#include "engine/operators/registry.h"

namespace octavo {
namespace {

constexpr Registration kRegistry[] = {
    {"quantize", make_quantize},
    {"dequantize", make_dequantize},
    {"conv", make_conv},
    {"conv_transpose", make_conv_transpose},
    {"linear", make_linear},
    {"dynamic_linear", make_dynamic_linear},
    {"dynamic_matmul", make_dynamic_matmul},
    {"matmul", make_matmul},
    {"dynamic_attention", make_dynamic_attention},
    {"attention", make_attention},
    {"add", make_add},
    {"mul", make_mul},
    {"binary", make_binary},
    {"where", make_where},
    {"table", make_table},
    {"concat", make_concat},
    {"max_pool", make_max_pool},
    {"avg_pool", make_avg_pool},
    {"adaptive_avg_pool", make_adaptive_avg_pool},
    {"reshape", make_reshape},
    {"permute", make_permute},
    {"slice", make_slice},
    {"take", make_take},
    {"gather", make_gather},
    {"pad", make_pad},
    {"channel_shuffle", make_channel_shuffle},
    {"clamp", make_clamp},
    {"unary", make_unary},
    {"elu", make_elu},
    {"softplus", make_softplus},
    {"prelu", make_prelu},
    {"cast", make_cast},
    {"truncate", make_truncate},
    {"cumsum", make_cumsum},
    {"reduce", make_reduce},
    {"softmax", make_softmax},
    {"log_softmax", make_log_softmax},
    {"lstm", make_lstm},
    {"gru", make_gru},
    {"rnn", make_rnn},
    {"embedding", make_embedding},
    {"embedding_bag", make_embedding_bag},
    {"layer_norm", make_layer_norm},
    {"group_norm", make_group_norm},
    {"constant", make_constant},
    {"range", make_range},
};

}  // namespace

std::unique_ptr<Operator> make_operator(const OperatorSpec& spec) {
  for (const Registration& row : kRegistry)
    if (spec.type == row.type) return row.make(spec);
  spec.fail("this engine knows no operator of that type");
}

}  // namespace octavo
