import copy

from octavo.observers import MinMaxObserver, ObserverFactory, PerChannelMinMaxObserver


def test_settings_add_up_and_those_of_the_call_win():
    factory = MinMaxObserver.with_args(dtype="int8").with_args(quant_max=63)
    assert factory().quant_max == 63
    assert factory(quant_max=31).quant_max == 31
    assert factory(quant_max=31).dtype == "int8"


def test_callable_args_are_called_for_every_observer():
    limits = iter([10, 20, 30])
    factory = MinMaxObserver.with_callable_args(quant_max=lambda: next(limits)).with_args(dtype="uint8")
    assert [factory().quant_max, factory().quant_max] == [10, 20]
    assert factory(quant_max=7).quant_max == 7
    assert next(limits) == 30, "what the call gives is not computed"


def test_callable_args_after_args():
    factory = MinMaxObserver.with_args(dtype="int8").with_callable_args(quant_max=lambda: 5)
    assert (factory().dtype, factory().quant_max) == ("int8", 5)


def test_equal_where_kind_and_settings_are():
    factory = PerChannelMinMaxObserver.with_args(ch_axis=1)
    assert factory == PerChannelMinMaxObserver.with_args(ch_axis=1) == copy.deepcopy(factory)
    assert factory != PerChannelMinMaxObserver.with_args(ch_axis=0)
    assert factory != ObserverFactory(MinMaxObserver, {"ch_axis": 1})


def test_repr_is_what_one_types():
    assert repr(MinMaxObserver.with_args(dtype="uint8")) == "MinMaxObserver.with_args(dtype='uint8')"
