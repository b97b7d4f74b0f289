# SPDX-License-Identifier: MIT
"""Python frames: a method, a lambda and a comprehension that take known amounts."""


class Holder:
    def __init__(self):
        self.kept = []

    def take(self, size):
        self.kept.append(bytearray(size))  # TAKE


def churn():
    for _ in range(50):
        bytearray(100000)  # CHURN


holder = Holder()
holder.take(5000000)
churn()
(lambda size: holder.take(size))(3000000)  # LAMBDA
several = [bytearray(700000) for _ in range(3)]  # SEVERAL


def hostile():
    return bytearray(400000)


code = hostile.__code__.replace(co_name='odd;name\n#"12 34', co_filename='<a;b"c>')
if hasattr(code, 'co_qualname'):
    code = code.replace(co_qualname='odd;name\n#"12 34')
hostile.__code__ = code
odd = hostile()
